/** The real engine on port 0 with signed tokens, and a connection to it that records what it is told; gone after the test. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEngine } from '@neo-stack/engine'
import type { Engine } from '@neo-stack/engine'
import { onTestFinished } from 'vitest'
import { createConnection } from '../../src/index.ts'
import type { Connection, ConnectionOptions, ConnectionStatus, SubscriptionListener, TokenAnswer } from '../../src/index.ts'

const SECRET = 'a secret for tests only'
export const USER = 'acme/ana'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function sign(claims: Record<string, unknown> = {}, secret: string = SECRET): string {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: USER, exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export interface Running {
  engine: Engine
  url: string
  port: number
  /** Stops listening and cuts every socket, as a crash would. */
  crash: () => Promise<void>
}

/** @param limits of a connection, beside the defaults */
export async function startEngine(port = 0, limits: { channelLimit?: number } = {}): Promise<Running> {
  const engine = createEngine({
    client: { token: { hmacSecretKey: SECRET }, ...limits },
    channel: { namespaces: [{ name: 'tenant', historySize: 10, historyTtl: 60_000, forceRecovery: true, forcePositioning: true }] },
  })
  const server = createServer()
  engine.attach(server)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  let crashed: Promise<void> | undefined
  const crash = (): Promise<void> => crashed ??= (async () => {
    await engine.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })()
  onTestFinished(crash)
  const bound = (server.address() as AddressInfo).port
  return { engine, port: bound, url: `ws://127.0.0.1:${bound}/connection/websocket`, crash }
}

export interface Connected {
  connection: Connection
  statuses: ConnectionStatus[]
  /** Channels of each request for subscription tokens. */
  asked: string[][]
  /** How many connection tokens were asked for. */
  tokens: () => number
  ends: { code: number, reason: string }[]
}

export function connectTo(url: string, options: Partial<ConnectionOptions> = {}): Connected {
  const asked: string[][] = []
  const ends: { code: number, reason: string }[] = []
  const statuses: ConnectionStatus[] = []
  let tokens = 0
  const { getToken = () => Promise.resolve(sign()), getSubscriptionTokens = tokensFor, ...rest } = options
  const connection = createConnection({
    minReconnectMs: 10, maxReconnectMs: 50, lingerMs: 20, onTerminated: end => { ends.push(end) }, ...rest,
    url,
    getToken: () => { tokens++; return getToken() },
    getSubscriptionTokens: channels => { asked.push([...channels]); return getSubscriptionTokens(channels) },
  })
  connection.onStatus(status => { statuses.push(status) })
  onTestFinished(() => connection.close())
  return { connection, statuses, asked, ends, tokens: () => tokens }
}

export const tokensFor = (channels: readonly string[]): Promise<Record<string, TokenAnswer>> =>
  Promise.resolve(Object.fromEntries(channels.map(channel => [channel, sign({ channel })])))

/** A listener that writes down what it is told, in order. */
export function createRecorder(): SubscriptionListener & { told: unknown[] } {
  const told: unknown[] = []
  return {
    told,
    onSubscribed: ({ isRecovered }) => { told.push(isRecovered ? 'recovered' : 'subscribed') },
    onPublication: data => { told.push(data) },
    onLost: () => { if (told.at(-1) !== 'lost') told.push('lost') },
    onDenied: ({ code }) => { told.push(`denied ${code}`) },
    onClosed: ({ code }) => { told.push(code) },
  }
}
