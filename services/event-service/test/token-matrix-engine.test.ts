/** The engine's own verification is asked every wrong token there is, at its door: connections with one, subscriptions with the other. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeySet } from '../src/auth/keys.ts'
import { userOf } from '../src/auth/tokens.ts'
import { createEmbeddedRealtime } from '../src/realtime/embedded.ts'
import type { Realtime } from '../src/realtime/realtime.ts'
import { createWrongTokens, mutantsOf, principal, turnBits, type WrongTokens } from './wrong-tokens.ts'

/** Together the 50,000 of RELIABILITY 5.4; a connection costs a handshake each. */
const CONNECTION_MUTANTS = 5_000
const SUBSCRIPTION_MUTANTS = 45_000
/** Sockets open at once. */
const AT_ONCE = 50

const CHANNEL = 'tenant:acme:alerts'

type Reply = { id: number, error?: { code: number } }

/** What the engine says to one command after another. */
class Line {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (outcome: string) => void>()
  #lastId = 0
  #end = ''

  private constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.addEventListener('message', ({ data }) => {
      for (const line of String(data).split('\n')) {
        if (line === '{}') this.#socket.send('{}')
        const { id, error } = JSON.parse(line) as Partial<Reply>
        if (id !== undefined) this.#settle(id, error ? `error ${error.code}` : 'accepted')
      }
    })
    this.#socket.addEventListener('close', ({ code }) => {
      this.#end = `closed ${code}`
      for (const id of [...this.#waiting.keys()]) this.#settle(id, this.#end)
    })
  }

  static async open(url: string): Promise<Line> {
    const line = new Line(url)
    await new Promise<void>((resolve, reject) => {
      line.#socket.addEventListener('open', () => { resolve() })
      line.#socket.addEventListener('error', () => { reject(new Error('no socket')) })
    })
    return line
  }

  get isOpen(): boolean { return this.#end === '' }

  ask(command: object): Promise<string> {
    if (!this.isOpen) return Promise.resolve(this.#end)
    const id = ++this.#lastId
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, ...command }))
    })
  }

  close(): void { this.#socket.close() }

  #settle(id: number, outcome: string): void {
    this.#waiting.get(id)?.(outcome)
    this.#waiting.delete(id)
  }
}

describe('the engine', () => {
  let wrong: WrongTokens
  let realtime: Realtime
  let server: Server
  let url: string
  const faults: unknown[] = []
  beforeAll(async () => {
    const keys = await createKeySet()
    wrong = await createWrongTokens(keys)
    realtime = createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: user => user === userOf(principal), onFault: error => { faults.push(error) } })
    server = createServer()
    realtime.attach?.(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connection/websocket`
  })
  afterAll(async () => {
    await realtime.close()
    server.closeAllConnections()
    server.close()
  })

  const connect = async (token: string): Promise<string> => {
    const line = await Line.open(url)
    const outcome = await line.ask({ connect: { token } })
    line.close()
    return outcome
  }
  let line: Line | undefined
  /** Of a connection that is good itself, opened anew when one was closed. */
  const subscribe = async (token: string): Promise<string> => {
    if (!line?.isOpen) {
      line = await Line.open(url)
      expect(await line.ask({ connect: { token: wrong.good.connection } })).toBe('accepted')
    }
    const outcome = await line.ask({ subscribe: { channel: CHANNEL, token } })
    if (outcome === 'accepted') await line.ask({ unsubscribe: { channel: CHANNEL } })
    return outcome
  }
  const doors = { connection: connect, subscription: subscribe }
  /** What counts as refused: invalid, expired, not allowed, no token at all; an error of the engine's own is none of them. */
  const isRefusal = (outcome: string): boolean => ['closed 3500', 'closed 3501', 'closed 3503', 'error 103', 'error 109'].includes(outcome)

  it('lets in who has nothing wrong, so that the refusals mean something', async () => {
    for (const purpose of ['connection', 'subscription'] as const) {
      expect(await doors[purpose](wrong.good[purpose])).toBe('accepted')
      expect(await doors[purpose](await wrong.sign(purpose))).toBe('accepted')
    }
  })

  it.each(['connection', 'subscription'] as const)('refuses every wrong %s token', async purpose => {
    const cases = wrong.cases.filter(one => one.purpose === purpose)
    const let_in: string[] = []
    for (const { name, make } of cases) {
      const outcome = await doors[purpose](await make())
      if (!isRefusal(outcome)) let_in.push(`${name}: ${outcome}`)
    }
    expect(cases.length).toBeGreaterThan(200)
    expect(let_in).toEqual([])
    expect(faults).toEqual([])
  })

  it(`opens no connection to ${CONNECTION_MUTANTS} changed tokens`, async () => {
    const mutants = [...turnBits(wrong.good.connection), ...mutantsOf(wrong.good.connection, CONNECTION_MUTANTS)]
    const otherwise: string[] = []
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let mutant = mutants.pop(); mutant !== undefined; mutant = mutants.pop()) {
        const outcome = await connect(mutant)
        if (!isRefusal(outcome)) otherwise.push(`${outcome}: ${mutant}`)
      }
    }))
    expect(otherwise).toEqual([])
  })

  it(`subscribes to nothing with ${SUBSCRIPTION_MUTANTS} changed tokens`, async () => {
    const otherwise: string[] = []
    for (const mutant of [...turnBits(wrong.good.subscription), ...mutantsOf(wrong.good.subscription, SUBSCRIPTION_MUTANTS)]) {
      const outcome = await subscribe(mutant)
      if (!isRefusal(outcome)) otherwise.push(`${outcome}: ${mutant}`)
    }
    expect(otherwise).toEqual([])
  })
})
