/** Readers whose connections can be cut, and who come back as their own clients do. */

import { Centrifuge } from 'centrifuge'
import { WebSocket } from 'ws'
import { sign, type Target } from './target.ts'

/** Milliseconds until somebody who was cut tries again, at least and at most. */
const BACK_MS = [100, 1000] as const

/** A running reader. */
export interface Reader {
  /** Ends the connection without a word, as a network does. */
  cut: () => void
  close: () => void
}

/** Who reads what. */
export interface ReaderOptions {
  user: string
  channel: string
  onMessage: (data: unknown) => void
  /** Numbers in [0, 1) of which the wait before coming back is made; the official client of Centrifugo makes its own. @default Math.random */
  random?: () => number
}

/** Opens one; resolves when it is subscribed. */
export function openReader(target: Target, options: ReaderOptions): Promise<Reader> {
  return target.name === 'engine' || target.name === 'Centrifugo' ? openCentrifuge(target, options) : openPlain(target, options)
}

/** The official client: it recovers what it missed. */
async function openCentrifuge({ port, path }: Target, { user, channel, onMessage }: ReaderOptions): Promise<Reader> {
  let current: WebSocket | undefined
  class Cuttable extends WebSocket {
    constructor(address: string) {
      super(address, { perMessageDeflate: false })
      current = this
    }
  }
  const client = new Centrifuge(`ws://127.0.0.1:${port}${path}`, { token: sign(user), websocket: Cuttable, minReconnectDelay: BACK_MS[0], maxReconnectDelay: BACK_MS[1] })
  const subscription = client.newSubscription(channel)
  subscription.on('publication', ({ data }) => { onMessage(data) })
  subscription.subscribe()
  client.connect()
  await subscription.ready(60_000)
  return { cut: () => { current?.terminate() }, close: () => { client.disconnect() } }
}

/** Socket.IO, which says where it was if its server could tell it, and WebSocket alone: whoever was away has missed it. */
async function openPlain(target: Target, { user, channel, onMessage, random = Math.random }: ReaderOptions): Promise<Reader> {
  let current: WebSocket
  let epoch: string | undefined
  let offset: string | undefined
  let isClosed = false
  let again: NodeJS.Timeout
  const open = (onReady: () => void): void => {
    const socket = current = new WebSocket(`ws://127.0.0.1:${target.port}${target.path}`, { perMessageDeflate: false })
    const steps = [...target.script({ user, channel, ...epoch !== undefined && offset !== undefined && { since: { epoch, offset } } })]
    const goOn = (): void => {
      const step = steps[0]
      if (step) socket.send(step.say)
      else onReady()
    }
    socket.on('open', goOn)
    socket.on('error', () => undefined)
    socket.on('message', raw => {
      const text = String(raw as Buffer)
      if (steps[0]?.until !== undefined && text.startsWith(steps[0].until)) {
        epoch = target.epochIn?.(text) ?? epoch
        steps.shift()
        return goOn()
      }
      offset = target.offsetIn?.(text) ?? offset
      const data = /\{"n":[^}]*\}/.exec(text)?.[0]
      if (data !== undefined) onMessage(JSON.parse(data))
    })
    socket.on('close', () => {
      if (!isClosed) again = setTimeout(open, BACK_MS[0] + random() * (BACK_MS[1] - BACK_MS[0]), () => undefined)
    })
  }
  await new Promise<void>(open)
  return {
    cut: () => { current.terminate() },
    close: () => {
      isClosed = true
      clearTimeout(again)
      current.terminate()
    },
  }
}
