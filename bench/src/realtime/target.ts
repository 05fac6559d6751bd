/** The servers that are compared: each a process of its own on core 0, with the same channels and the same secret. */

import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findCentrifugo, startCentrifugo } from '@neo-stack/testing'

const SECRET = 'a secret for benchmarks only'
const HISTORY_SIZE = 100
const LATER = Math.floor(Date.now() / 1000) + 86_400

/** What is compared, in the order of the tables. `ws` sends to whoever is in a channel and does nothing else: it is the floor. */
export const TARGETS = ['Centrifugo', 'engine', 'Socket.IO', 'ws'] as const
/** Socket.IO with `connectionStateRecovery` is compared where something is to be recovered. */
export type TargetName = (typeof TARGETS)[number] | typeof RECOVERING
/** Socket.IO that keeps what was sent. */
export const RECOVERING = 'Socket.IO with recovery'

/** A running server and how its clients speak. */
export interface Target {
  name: TargetName
  port: number
  pid: number
  /** Path of the WebSocket upgrade. */
  path: string
  /** What a client says, and by which text it knows that it may say the next. The last text tells that it is subscribed. */
  script: (client: Hello) => readonly { say: string, until: string }[]
  /** Where a client is who has read so far, if its server can say: the first from what it was answered, the second from a message. */
  epochIn?: (answers: string) => string | undefined
  offsetIn?: (message: string) => string | undefined
  /** The answer to a ping, by what a ping looks like. */
  pong: { ping: string, pong: string }
  /** A publish over HTTP, ready to be written. */
  publish: (channel: string, data: string) => Buffer
  stop: () => Promise<void>
}

/** Who connects to what. */
export interface Hello {
  user: string
  channel: string
  /** Recovers from here. */
  since?: Position
}

/** How far somebody has read, in the server's own words: a channel's epoch, or a session of Socket.IO. */
export interface Position { offset: string | number, epoch: string }

/** How a server is started. */
export interface TargetOptions {
  pinned: boolean
  /** @default 600000: pings don't come into the figures */
  pingIntervalMs?: number
  /** Bytes a connection may leave unread. @default the server's */
  queueMaxSize?: number
  /** Flags of Node for what runs on it, such as `--cpu-prof`. @default none */
  nodeFlags?: readonly string[]
}

/** A token of a user. */
export function sign(user: string): string {
  const text = [{ alg: 'HS256', typ: 'JWT' }, { sub: user, exp: LATER }].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

/** Starts one. @throws {Error} when Centrifugo is not built */
export async function startTarget(name: TargetName, options: TargetOptions): Promise<Target> {
  const { pingIntervalMs = 600_000 } = options
  if (name === 'Socket.IO' || name === RECOVERING) {
    return { ...await startNode('socketio.ts', { secret: SECRET, pingInterval: pingIntervalMs, recovery: name === RECOVERING }, options), ...SOCKET_IO, name }
  }
  if (name === 'ws') return { ...await startNode('raw-ws.ts', {}, options), ...RAW }
  return name === 'engine' ? await startEngine(options) : await startReal(options)
}

/** What is missing for a comparison, or nothing. */
export function findMissing(): string | undefined {
  const found = findCentrifugo()
  return 'missing' in found ? found.missing : undefined
}

const open = { allow_subscribe_for_client: true }

const prefixOf = ({ pinned }: TargetOptions): string[] => pinned ? ['taskset', '-c', '0'] : []

async function startReal({ pingIntervalMs = 600_000, queueMaxSize, pinned }: TargetOptions): Promise<Target> {
  const found = findCentrifugo()
  if ('missing' in found) throw new Error(found.missing)
  const centrifugo = await startCentrifugo({ path: found.path, prefix: prefixOf({ pinned }), env: { GOMAXPROCS: '1' }, config: {
    client: { token: { hmac_secret_key: SECRET }, ping_interval: `${pingIntervalMs}ms`, pong_timeout: '8s', ...queueMaxSize && { queue_max_size: queueMaxSize } },
    channel: { namespaces: [{ name: 'open', ...open }, { name: 'kept', ...open, history_size: HISTORY_SIZE, history_ttl: '600s', force_recovery: true }] },
    http_api: { insecure: true }, prometheus: { enabled: true }, log: { level: 'error' },
  } })
  return { ...centrifugo, ...CENTRIFUGE, name: 'Centrifugo' }
}

async function startEngine(options: TargetOptions): Promise<Target> {
  const { pingIntervalMs = 600_000, queueMaxSize } = options
  const rules = { allowSubscribeForClient: true }
  const running = await startNode('engine.ts', {
    client: { token: { hmacSecretKey: SECRET }, pingInterval: pingIntervalMs, ...queueMaxSize && { queueMaxSize } },
    channel: { namespaces: [{ name: 'open', ...rules }, { name: 'kept', ...rules, historySize: HISTORY_SIZE, historyTtl: 600_000, forceRecovery: true }] },
    httpApi: { insecure: true },
  }, options)
  return { ...running, ...CENTRIFUGE, name: 'engine' }
}

type Running = Pick<Target, 'port' | 'pid' | 'stop'>

/** As the engine's own command starts Node: young objects of a storm would otherwise keep 5 KiB for each of 10,000 connections. */
const AS_ENGINE_RUNS = ['--max-semi-space-size=8']

async function startNode(file: string, settings: object, options: TargetOptions): Promise<Running> {
  const [command = process.execPath, ...args] = [...prefixOf(options), process.execPath, ...AS_ENGINE_RUNS, ...options.nodeFlags ?? [], fileURLToPath(new URL(`../../servers/${file}`, import.meta.url)), JSON.stringify(settings)]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data') as [Buffer]
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit')
    child.kill('SIGINT')
    await exited
  }
  return { port: Number(line.toString()), pid: child.pid ?? 0, stop }
}

const request = (path: string, body: string): Buffer =>
  Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)

type Speech = Pick<Target, 'path' | 'script' | 'pong' | 'publish' | 'epochIn' | 'offsetIn'>

const CENTRIFUGE: Speech = {
  path: '/connection/websocket',
  script: ({ user, channel, since }) => [{
    say: [{ id: 1, connect: { token: sign(user) } }, { id: 2, subscribe: { channel, ...since && { recover: true, ...since } } }].map(command => JSON.stringify(command)).join('\n'),
    until: '"id":2,"subscribe":',
  }],
  epochIn: answers => /"epoch":"(\w+)"/.exec(answers)?.[1],
  pong: { ping: '{}', pong: '{}' },
  publish: (channel, data) => request('/api/publish', `{"channel":"${channel}","data":${data}}`),
}

const RAW: Speech & Pick<Target, 'name'> = {
  name: 'ws', path: '/', script: ({ channel }) => [{ say: channel, until: 'joined' }], pong: { ping: 'none', pong: '' },
  publish: (channel, data) => request(`/${channel}`, data),
}

const SOCKET_IO: Speech = {
  path: '/socket.io/?EIO=4&transport=websocket',
  script: ({ user, channel, since }) => [{ say: `40${JSON.stringify({ token: sign(user), ...since && { pid: since.epoch, offset: since.offset } })}`, until: '40{' }, { say: `420["join","${channel}"]`, until: '430[' }],
  epochIn: answers => /"pid":"([\w-]+)"/.exec(answers)?.[1],
  offsetIn: message => /,"([\w.-]+)"\]$/.exec(message)?.[1],
  pong: { ping: '2', pong: '3' },
  publish: (channel, data) => request('/publish', `{"channel":"${channel}","data":${data}}`),
}
