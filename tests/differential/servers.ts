/** Both servers with one configuration, written in Centrifugo's own JSON. */

import { createServer } from 'node:http'
import { createEngine, type ChannelOptions, type NamespaceOptions } from '@neo-stack/engine'
import { startCentrifugo } from '@neo-stack/testing'
import { API_KEY, SECRET } from './dialogue.ts'

const open = { allow_subscribe_for_client: true, allow_publish_for_client: true, allow_history_for_client: true, allow_presence_for_client: true }
const history = { history_size: 5, history_ttl: '60s' }

const namespaces = [
  { name: 'open', ...open },
  { name: 'shut' },
  { name: 'kept', ...open, ...history, force_recovery: true },
  { name: 'asked', ...open, ...history, allow_recovery: true, allow_positioning: true },
  { name: 'placed', ...open, ...history, force_positioning: true },
  { name: 'plain', ...open, ...history },
  { name: 'seen', ...open, presence: true, join_leave: true, force_push_join_leave: true },
  { name: 'quiet', ...open, presence: true, join_leave: true },
  { name: 'users', allow_user_limited_channels: true },
  { name: 'members', allow_subscribe_for_client: true, allow_publish_for_subscriber: true, allow_history_for_subscriber: true, allow_presence_for_subscriber: true, presence: true, ...history },
  { name: 'delta', ...open, ...history, allowed_delta_types: ['fossil'], delta_publish: true },
]

/** A running server. */
export interface Server {
  url: string
  stop: () => Promise<unknown>
}

/** Starts the real one. */
export async function startReal(path: string): Promise<Server> {
  return await startCentrifugo({ path, config: {
    // Pings would come into slow runs.
    client: { token: { hmac_secret_key: SECRET }, allowed_origins: ['*'], ping_interval: '600s', pong_timeout: '60s' },
    channel: { namespaces },
    http_stream: { enabled: true }, sse: { enabled: true },
    http_api: { key: API_KEY },
  } })
}

/** Starts the engine in this process. */
export async function startEngine(): Promise<Server> {
  const engine = createEngine({
    client: { token: { hmacSecretKey: SECRET }, allowedOrigins: '*', pingInterval: 600_000, pongTimeout: 60_000 },
    channel: { namespaces: namespaces.map(toOptions) },
    httpApi: { key: API_KEY },
  })
  const server = createServer((_request, response) => { response.writeHead(404).end() })
  engine.attach(server)
  const front = engine.front(server)
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
  const address = front.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const stop = async (): Promise<void> => {
    await engine.close()
    server.close()
    server.closeAllConnections()
    await new Promise(resolve => front.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

/** `history_ttl: '60s'` → `historyTtl: 60000`. */
function toOptions({ name, ...options }: { name: string }): NamespaceOptions {
  const entries = Object.entries(options).map(([key, value]: [string, unknown]) => [
    key.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    typeof value === 'string' ? Number(value.replace('s', '')) * 1000 : value,
  ])
  return { name, ...Object.fromEntries(entries) as ChannelOptions }
}
