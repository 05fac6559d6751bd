/** Test kit: an engine on port 0, raw sockets that speak frames, tokens, official clients; all of it gone after the test. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Centrifuge } from 'centrifuge'
import type { Options, PublicationContext, Subscription, TransportEndpoint } from 'centrifuge'
import { SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientOptions as SocketOptions } from 'ws'
import { createEngine } from '../src/index.ts'
import type { ChannelOptions, Clock, Engine, EngineOptions } from '../src/index.ts'

export const SECRET = 'a secret for tests only'
/** Seconds since 1970, in `seconds`. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

/** A token signed with the shared secret; expires in a minute unless told otherwise. */
export const sign = (claims: JWTPayload, secret = SECRET, alg = 'HS256'): Promise<string> =>
  new SignJWT({ exp: inSeconds(60), ...claims }).setProtectedHeader({ alg }).sign(Buffer.from(secret))

/** Everything a signed-in client can be allowed. */
export const OPEN: ChannelOptions = {
  allowSubscribeForClient: true, allowPublishForClient: true, allowHistoryForClient: true, allowPresenceForClient: true,
}
export const KEPT: ChannelOptions = { ...OPEN, historySize: 10, historyTtl: 60_000, forceRecovery: true }
export const SEEN: ChannelOptions = { ...OPEN, presence: true, joinLeave: true, forcePushJoinLeave: true }

export interface Running {
  readonly engine: Engine
  readonly url: string
  readonly port: number
}

/** An engine with the namespaces `open`, `kept`, `seen` and `shut`. */
export async function start({ client, ...options }: EngineOptions = {}): Promise<Running> {
  const engine = createEngine({
    client: { token: { hmacSecretKey: SECRET }, ...client },
    channel: { namespaces: [{ name: 'open', ...OPEN }, { name: 'kept', ...KEPT }, { name: 'seen', ...SEEN }, { name: 'shut' }] },
    ...options,
  })
  return listen(engine)
}

export async function listen(engine: Engine, port = 0): Promise<Running> {
  const server = createServer()
  engine.attach(server)
  const front = engine.front(server)
  await new Promise<void>(resolve => front.listen(port, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await engine.close()
    server.close()
    server.closeAllConnections()
    await new Promise(resolve => front.close(resolve))
  })
  const bound = (front.address() as AddressInfo).port
  return { engine, port: bound, url: `ws://127.0.0.1:${bound}/connection/websocket` }
}

type Json = Record<string, unknown>

/** A raw connection: what is sent and received are frames of lines. */
export interface Raw {
  readonly socket: WebSocket
  /** Frames as they came. */
  readonly frames: string[]
  /** Sends commands in one frame. */
  send(...commands: (Json | string)[]): void
  /** The next message, parsed. */
  next(): Promise<Json>
  /** The text of the next message. */
  nextText(): Promise<string>
  /** Close code and reason. */
  readonly closed: Promise<readonly [code: number, reason: string]>
}

export async function raw(url: string, options: SocketOptions = {}): Promise<Raw> {
  const socket = new WebSocket(url, options)
  const frames: string[] = []
  const lines: string[] = []
  const waiting: ((line: string) => void)[] = []
  socket.on('message', (data: Buffer) => {
    frames.push(data.toString())
    for (const line of data.toString().split('\n')) {
      const waiter = waiting.shift()
      if (waiter) waiter(line)
      else lines.push(line)
    }
  })
  const closed = new Promise<readonly [number, string]>(resolve => socket.on('close', (code, reason) => { resolve([code, reason.toString()]) }))
  onTestFinished(() => { socket.terminate() })
  await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject) })
  const nextText = (): Promise<string> => {
    const line = lines.shift()
    return line === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(line)
  }
  return {
    socket, frames, closed, nextText,
    send(...commands) { socket.send(commands.map(command => (typeof command === 'string' ? command : JSON.stringify(command))).join('\n')) },
    next: async () => JSON.parse(await nextText()) as Json,
  }
}

/** A raw connection that has connected as a user. */
export async function connected(url: string, user = 'u', claims: JWTPayload = {}): Promise<Raw & { client: string }> {
  const connection = await raw(url)
  connection.send({ id: 1, connect: { token: await sign({ sub: user, ...claims }) } })
  const { connect } = await connection.next() as { connect: { client: string } }
  return Object.assign(connection, { client: connect.client })
}

/** An official client, connecting as a user with fast retries. */
export function official(url: string | TransportEndpoint[], options: Partial<Options> = {}, user = 'u'): Centrifuge {
  const client = new Centrifuge(url, { getToken: () => sign({ sub: user }), minReconnectDelay: 10, maxReconnectDelay: 50, ...options })
  onTestFinished(() => { client.disconnect() })
  return client
}

/** Connects and subscribes a client; what `read` makes of each publication is in `heard` as it comes. */
export async function hearing<T>(client: Centrifuge, channel: string, read: (context: PublicationContext) => T): Promise<{ subscription: Subscription, heard: T[] }> {
  const subscription = client.newSubscription(channel)
  const heard: T[] = []
  subscription.on('publication', context => heard.push(read(context)))
  subscription.subscribe()
  client.connect()
  await subscription.ready(5_000)
  return { subscription, heard }
}

/** Resolves with the next event of that name. */
export const once = <T>(emitter: { once(name: string, listener: (event: T) => void): unknown }, name: string): Promise<T> =>
  new Promise(resolve => { emitter.once(name, resolve) })

/** Waits for a condition, five seconds at most. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${condition.toString()}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Time moved by hand, starting now so that tokens are good. */
export interface ManualClock extends Clock {
  advance(ms: number): void
  readonly timers: number
}

export function manualClock(): ManualClock {
  let now = Date.now()
  const timers = new Set<{ readonly ms: number, next: number, readonly callback: () => void }>()
  return {
    now: () => now,
    every(ms, callback) {
      const timer = { ms, next: now + ms, callback }
      timers.add(timer)
      return () => { timers.delete(timer) }
    },
    advance(ms) {
      const target = now + ms
      while (now < target) {
        now = Math.min(target, now + 50)
        for (const timer of [...timers]) {
          while (timers.has(timer) && timer.next <= now) {
            timer.next += timer.ms
            timer.callback()
          }
        }
      }
    },
    get timers() { return timers.size },
  }
}
