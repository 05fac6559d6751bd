/** Sockets that speak Centrifugo's protocol, with tokens that any secret signs. */

import { createHmac } from 'node:crypto'
import { until } from '@neo-stack/testing'

/** What the Centrifugo of a test checks tokens with. */
export const SECRET = 'secret of a test'

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token of these claims. */
export function sign(claims: object, secret: string = SECRET): string {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A socket that has asked to be connected and was answered or closed. */
export interface OpenSocket {
  /** Asks, and waits until that is answered. */
  ask: (command: object) => Promise<void>
  /** Waits for a message with this word in it. */
  hears: (word: string) => Promise<void>
  /** The code it was closed with. */
  closed: Promise<number>
  close: () => void
}

/** Opens one. */
export async function openSocket(url: string, token: string): Promise<OpenSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/connection/websocket`)
  let [heard, isClosed, id] = ['', false, 0]
  socket.addEventListener('message', ({ data }) => { heard += `${String(data)}\n` })
  const closed = new Promise<number>(resolve => {
    socket.addEventListener('close', ({ code }) => {
      isClosed = true
      resolve(code)
    })
  })
  await new Promise(resolve => { socket.addEventListener('open', resolve) })
  const hears = async (word: string): Promise<void> => { await until(() => heard.includes(`"${word}"`), { what: `${word} in ${heard}` }) }
  const ask = async (command: object): Promise<void> => {
    const own = `"id":${++id}`
    socket.send(JSON.stringify({ id, ...command }))
    await until(() => isClosed || heard.includes(own), { what: `an answer in ${heard}` })
  }
  await ask({ connect: { token } })
  return { ask, hears, closed, close: () => { socket.close() } }
}
