/** A WebSocket that speaks the protocol by hand: for what no honest client would send. */

import { until } from './until.ts'
import type { Journal } from './journal.ts'

/** Centrifugo takes 5 s to close a socket that it cuts while it answers its `connect`. */
const REPLY_MS = 10_000

/** A reply or push of the server. */
export type Frame = Record<string, unknown>

/** An open socket. */
export interface RawSocket {
  /** Every frame so far, in order; pings left out. */
  readonly frames: readonly Frame[]
  /** How the server closed it, `undefined` while it is open. */
  readonly closed: { code: number, reason: string } | undefined
  /** Sends one command and gives its reply, or how the socket was closed instead. */
  ask(command: Frame): Promise<Frame>
  /** Sends a text as it is. */
  send(text: string): void
  close(): void
}

/** Opens a socket; `journal` gets each frame as text. */
export async function openRawSocket(url: string, { journal, source = 'frame' }: { journal?: Journal, source?: string } = {}): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/connection/websocket`)
  const frames: Frame[] = []
  let closed: { code: number, reason: string } | undefined
  let lastId = 0
  socket.addEventListener('message', ({ data }) => {
    journal?.transcribe(source, String(data))
    for (const line of String(data).split('\n').filter(Boolean)) {
      if (line === '{}') socket.send('{}')
      else frames.push(JSON.parse(line) as Frame)
    }
  })
  socket.addEventListener('close', ({ code, reason }) => { closed = { code, reason } })
  await until(() => socket.readyState === WebSocket.OPEN || closed, { what: 'a socket' })
  return {
    frames,
    get closed() { return closed },
    ask: async command => {
      const id = ++lastId
      socket.send(JSON.stringify({ id, ...command }))
      return await until(() => frames.find(frame => frame['id'] === id) ?? (closed && { closed }), { timeoutMs: REPLY_MS, what: `the reply to ${JSON.stringify(command)}` })
    },
    send: text => { socket.send(text) },
    close: () => { socket.close() },
  }
}
