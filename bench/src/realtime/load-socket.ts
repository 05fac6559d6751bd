/**
 * A WebSocket client that costs the generator little: it walks over frame headers, counts payload bytes, and reads text only until it
 * is subscribed, where it is asked to measure delays, and to answer pings.
 */

import { connect, type Socket } from 'node:net'
import type { Hello, Target } from './target.ts'

/** What all clients of a run have received. */
export interface Tally {
  /** Payload bytes and frames since they were subscribed. */
  bytes: number
  frames: number
  /** Milliseconds from `"at":` in a message to its arrival, at the clients that measure. */
  delays: number[]
  /** Connections that ended by themselves. */
  lost: number
}

/** Starts counting from nothing. */
export const createTally = (): Tally => ({ bytes: 0, frames: 0, delays: [], lost: 0 })

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** Now, in milliseconds since 1970 with a fraction. */
export const now = (): number => performance.timeOrigin + performance.now()

/** One client. */
export class LoadSocket {
  readonly socket: Socket
  /** What the server said until it was subscribed. */
  answers = ''
  readonly #target: Target
  readonly #tally: Tally
  #isMeasuring: boolean
  #text = ''
  #isUpgraded = false
  #onText: ((text: string) => void) | undefined
  #isClosing = false
  /** Bytes of the present frame that are still to come; header bytes that came in an earlier chunk. */
  #rest = 0
  #head: Buffer = Buffer.alloc(0)

  constructor(target: Target, tally: Tally, isMeasuring = false) {
    this.#target = target
    this.#tally = tally
    this.#isMeasuring = isMeasuring
    this.socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true })
    this.socket.on('data', chunk => { this.#take(chunk) })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => { if (!this.#isClosing) this.#tally.lost++ })
  }

  /** Upgrades, says hello, resolves with all answers when it is subscribed; what was recovered may stand before the last. */
  async subscribe(hello: Hello): Promise<string> {
    this.socket.write(`GET ${this.#target.path} HTTP/1.1\r\nHost: x\r\n${UPGRADE}`)
    await this.#hear('\r\n\r\n')
    let answers = ''
    for (const { say, until } of this.#target.script(hello)) {
      this.say(say)
      answers += await this.#hear(until)
    }
    this.#stopHearing()
    this.answers = answers
    return answers
  }

  /** The text of what comes next, once it contains this. */
  async hear(until: string): Promise<string> {
    const text = await this.#hear(until)
    this.#stopHearing()
    return text
  }

  /** Sends a text frame; the mask is all zeros. */
  say(text: string): void {
    const payload = Buffer.from(text)
    const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]) : Buffer.from([0x81, 0xFE, payload.length >> 8, payload.length & 255, 0, 0, 0, 0])
    this.socket.write(Buffer.concat([head, payload]))
  }

  close(): void {
    this.#isClosing = true
    this.socket.destroy()
  }

  #stopHearing(): void {
    this.#onText = undefined
    this.#text = ''
  }

  #hear(until: string): Promise<string> {
    return new Promise(resolve => {
      this.#onText = text => {
        if (!text.includes(until)) return
        this.#text = ''
        resolve(text)
      }
      this.#onText(this.#text)
    })
  }

  #take(chunk: Buffer): void {
    if (this.#onText) {
      this.#text += chunk.toString('latin1')
      this.#onText(this.#text)
      // The upgrade's answer has no frames; what follows it may come in the same chunk.
      if (this.#isUpgraded) this.#walk(chunk, false)
      else {
        const end = chunk.indexOf('\r\n\r\n')
        this.#isUpgraded = end !== -1
        if (this.#isUpgraded) this.#walk(chunk.subarray(end + 4), false)
      }
      return
    }
    if (this.#isMeasuring) this.#measure(chunk)
    this.#walk(chunk, true)
  }

  #measure(chunk: Buffer): void {
    const at = now()
    for (const [, sent] of chunk.toString('latin1').matchAll(/"at":(\d{13}\.\d{3})/g)) this.#tally.delays.push(at - Number(sent))
  }

  #walk(chunk: Buffer, isCounted: boolean): void {
    let at = 0
    while (at < chunk.length) {
      const step = Math.min(this.#rest, chunk.length - at)
      this.#rest -= step
      at += step
      if (at >= chunk.length) return
      const head = this.#head.length > 0 ? Buffer.concat([this.#head, chunk.subarray(at, at + 10)]) : chunk.subarray(at, at + 10)
      const size = headSize(head)
      if (head.length < size) {
        this.#head = head
        return
      }
      at += size - this.#head.length
      this.#head = Buffer.alloc(0)
      this.#rest = payloadSize(head)
      if (isCounted) this.#count(chunk.subarray(at, at + 2))
    }
  }

  #count(start: Buffer): void {
    const { pong } = this.#target
    if (this.#rest === pong.ping.length && start.toString('latin1', 0, pong.ping.length) === pong.ping) return this.say(pong.pong)
    this.#tally.frames++
    this.#tally.bytes += this.#rest
  }
}

const headSize = (head: Buffer): number => {
  if (head.length < 2) return 2
  const marker = (head[1] ?? 0) & 127
  return marker < 126 ? 2 : marker === 126 ? 4 : 10
}

const payloadSize = (head: Buffer): number => {
  const marker = (head[1] ?? 0) & 127
  return marker < 126 ? marker : marker === 126 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2))
}

/** Opens many clients, some hundred at a time. @returns them, subscribed */
export async function openClients(target: Target, { count, channelOf, userOf = index => `u${index}`, tally, measuring = 0, atOnce = 100 }: {
  count: number
  channelOf: (index: number) => string
  /** @default `u` and the index */
  userOf?: (index: number) => string
  tally: Tally
  /** How many of them measure delays. */
  measuring?: number
  atOnce?: number
}): Promise<LoadSocket[]> {
  const sockets: LoadSocket[] = []
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const socket = new LoadSocket(target, tally, index < measuring)
      sockets.push(socket)
      await socket.subscribe({ user: userOf(index), channel: channelOf(index) })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  return sockets
}
