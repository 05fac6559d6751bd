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

/** Socket.IO as it is by default, and WebSocket alone: whoever was away has missed it. */
async function openPlain(target: Target, { user, channel, onMessage }: ReaderOptions): Promise<Reader> {
  let current: WebSocket
  let isClosed = false
  let again: NodeJS.Timeout
  const open = (onReady: () => void): void => {
    const socket = current = new WebSocket(`ws://127.0.0.1:${target.port}${target.path}`, { perMessageDeflate: false })
    const steps = [...target.script({ user, channel })]
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
        steps.shift()
        return goOn()
      }
      const data = text.startsWith('42["pub",') ? text.slice(9, -1) : text
      if (data.startsWith('{"n":')) onMessage(JSON.parse(data))
    })
    socket.on('close', () => {
      if (!isClosed) again = setTimeout(open, BACK_MS[0] + Math.random() * (BACK_MS[1] - BACK_MS[0]), () => undefined)
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
