/** Publishes over HTTP on connections that stay open, at a rate or as fast as answers come. */

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from './load-socket.ts'
import type { Target } from './target.ts'

/** A message's text of exactly this many bytes, which says when it was made. */
function makeData(bytes: number): string {
  // Odd microseconds end in no zero: a server that parses and writes numbers anew would leave it out, and arrivals are told by bytes.
  const microseconds = Math.floor(now() * 1_000 / 2) * 2 + 1
  const head = `{"at":${(microseconds / 1_000).toFixed(3)},"pad":"`
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`
}

/** A connection that publishes; answers come in the order of the requests. */
export class Line {
  readonly #socket: Socket
  readonly #waiting: ((status: string) => void)[] = []
  #rest = ''

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', chunk => { this.#take(chunk.toString('latin1')) })
    this.#socket.on('error', () => undefined)
  }

  post(request: Buffer): Promise<string> {
    this.#socket.write(request)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#rest += text
    for (let end = this.#rest.indexOf('\r\n\r\n'); end !== -1; end = this.#rest.indexOf('\r\n\r\n')) {
      const head = this.#rest.slice(0, end)
      const body = /transfer-encoding: chunked/i.test(head) ? this.#rest.indexOf('0\r\n\r\n', end) + 5 : end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (body < end + 4 || this.#rest.length < body) return
      this.#rest = this.#rest.slice(body)
      this.#waiting.shift()?.(head.slice(9, 12))
    }
  }
}

/** How long an answer may take after the last request. */
const PATIENCE_MS = 60_000

/** How much is published. */
export interface Load {
  perSecond: number
  seconds: number
  bytes: number
  channelOf: (index: number) => string
}

/** Publishes at a steady rate. @returns how many were accepted, and the seconds it took */
export async function publishAtRate(target: Target, { perSecond, seconds, bytes, channelOf }: Load): Promise<{ accepted: number, seconds: number }> {
  const lines = Array.from({ length: 4 }, () => new Line(target.port))
  const total = perSecond * seconds
  const answers: Promise<void>[] = []
  let accepted = 0
  const startedAt = performance.now()
  while (answers.length < total) {
    const due = Math.min(total, Math.ceil((performance.now() - startedAt) * perSecond / 1000))
    while (answers.length < due) {
      const index = answers.length
      const line = lines[index % lines.length]
      if (line) answers.push(line.post(target.publish(channelOf(index), makeData(bytes))).then(status => { if (status === '200') accepted++ }))
    }
    await sleep(1)
  }
  await Promise.race([Promise.all(answers), sleep(PATIENCE_MS)])
  const took = (performance.now() - startedAt) / 1000
  for (const line of lines) line.close()
  return { accepted, seconds: took }
}

/** Publishes as fast as answers come, one at a time on each connection. @returns how many were accepted */
export async function publishInLoop(target: Target, { clients, requests, bytes, channel }: { clients: number, requests: number, bytes: number, channel: string }): Promise<number> {
  let sent = 0
  let accepted = 0
  await Promise.all(Array.from({ length: clients }, async () => {
    const line = new Line(target.port)
    while (sent++ < requests) {
      if (await line.post(target.publish(channel, makeData(bytes))) === '200') accepted++
    }
    line.close()
  }))
  return accepted
}
