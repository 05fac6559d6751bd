/** Composition: options in, an engine out. Everything is made here and nowhere else; nothing is global. */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { countActions } from './actions.ts'
import { createApi } from './api.ts'
import { createMemoryBroker } from './broker-memory.ts'
import type { BrokerEvents } from './broker.ts'
import { systemClock } from './clock.ts'
import { resolveConfig } from './config.ts'
import type { EngineConfig } from './config.ts'
import { Connection } from './connection.ts'
import type { Shared } from './connection.ts'
import { createControl } from './control.ts'
import type { Control } from './control.ts'
import { Denials } from './denials.ts'
import { dispatch } from './dispatch.ts'
import { Flusher } from './flusher.ts'
import { createFront } from './front.ts'
import type { Front } from './front.ts'
import { Hub } from './hub.ts'
import { createInspection } from './inspection.ts'
import type { Inspection } from './inspection.ts'
import { Limiter } from './limiter.ts'
import type { GroupQuestion } from './limit-options.ts'
import { Meters } from './meters.ts'
import { notify } from './notify.ts'
import type { EngineOptions } from './options.ts'
import { createMemoryPresence } from './presence-memory.ts'
import { createPublishing } from './publishing.ts'
import type { Publishing } from './publishing.ts'
import { Rates } from './rates.ts'
import { Roster } from './roster.ts'
import type { Ports } from './session.ts'
import { closeConnections } from './shutdown.ts'
import type { CloseOptions } from './shutdown.ts'
import { createCounters } from './stats.ts'
import { createTokenVerifier } from './tokens/verifier.ts'
import { createApiDoor, serveApi } from './transport-api.ts'
import { serveHttp } from './transport-http.ts'
import type { HttpOptions } from './transport-http.ts'
import { createUpgrade, serveWebSocket } from './transport-websocket.ts'
import type { Compression } from './transport-websocket.ts'
import type { Accept } from './transport.ts'
import type { Upgrade } from './websocket-handshake.ts'
import { Wheel } from './wheel.ts'

/** Where an engine is attached. */
export interface AttachOptions {
  /** @default '/connection/websocket' */
  readonly path?: string | false
  /** @default '/connection/http_stream' */
  readonly httpStreamPath?: string | false
  /** @default '/connection/sse' */
  readonly ssePath?: string | false
  /** @default '/emulation' */
  readonly emulationPath?: string | false
  /** Answers `{}`. @default '/health' with `httpApi`, else not served */
  readonly healthPath?: string | false
  /** Prometheus text, for everybody who reaches it. @default not served */
  readonly metricsPath?: string | false
}

/** A server of the Centrifugo client protocol in this process. */
export interface Engine extends Publishing, Control, Inspection {
  /**
   * Takes the WebSocket upgrades of one path of an HTTP server and the requests of three for clients without WebSocket (HTTP
   * streaming, SSE, their commands); other paths are left to the listeners the server has. Returns how to detach.
   */
  attach(server: Server, options?: AttachOptions): () => void
  /**
   * A server to listen with instead of an HTTP server that does not listen itself: requests of the server API and upgrades that come
   * whole in one piece are taken without HTTP's machinery, every other connection is the HTTP server's. Closing the engine ends what
   * is idle.
   */
  front(server: Server): NetServer
  /**
   * Refuses new upgrades with 503, tells every client to reconnect, resolves when their sockets are gone and no timer is left.
   * Calling it again returns the same promise.
   */
  close(options?: CloseOptions): Promise<void>
}

/** Makes an engine. Throws `EngineConfigError` with one sentence per fault. */
export function createEngine(options: EngineOptions = {}): Engine {
  const config = resolveConfig(options)
  const clock = options.clock ?? systemClock
  const shared = createShared(config, options)
  const accept: Accept = (transport, codec, headers) => new Connection(shared, { client: createId(), transport, codec, headers })
  const node = randomUUID()
  const hasRoom = createDoor(shared)
  let closing: Promise<void> | undefined

  const shutDown = async (closeOptions: CloseOptions): Promise<void> => {
    await closeConnections(shared, clock, closeOptions)
    for (const front of fronts) front.close()
    shared.wheel.close()
    shared.ports.broker.close()
    shared.ports.presence.close()
  }

  const parts = { ...createPublishing(config, shared.ports.broker), ...createControl(shared), ...createInspection(shared) }
  const api = createApi(parts, { node, name: config.name, version: config.version, now: () => clock.now(), rpc: options.httpApi?.rpc })
  const door = options.httpApi && createApiDoor(api, { ...options.httpApi, meters: shared.ports.meters, onFault: shared.ports.onFault })
  const fronts = new Set<Front>()
  const upgrades = new Map<string, Upgrade>()
  return {
    ...parts,
    front(server) {
      const front = createFront(server, { door, upgrades })
      fronts.add(front)
      return front.server
    },
    attach(server, attachOptions = {}) {
      const { healthPath = door ? '/health' : false, metricsPath = false } = attachOptions
      const detach = attachTo(server, attachOptions, { ...config.client, accept, node, upgrades, isOpen: () => closing === undefined && hasRoom() })
      const detachApi = serveApi(server, door, { healthPath, metricsPath, metrics: parts.metrics })
      return () => {
        detachApi()
        detach()
      }
    },
    close: (closeOptions = {}) => closing ??= shutDown(closeOptions),
  }
}

/** A UUID in one piece: `randomUUID` gives a string of fourteen joined ones, which would stay as long as the connection. */
const createId = (): string => Buffer.from(randomUUID(), 'latin1').toString('latin1')

/** Whether one more connection is taken; above a limit upgrades are answered 503. */
function createDoor({ roster, counters, ports: { config, now, meters } }: Shared): () => boolean {
  const { connectionLimit, connectionRateLimit } = config.client
  const rates = connectionRateLimit > 0 ? new Rates({ perSecond: connectionRateLimit }) : undefined
  return () => {
    const isTaken = (connectionLimit === 0 || roster.open.size < connectionLimit) && (rates?.take('', now()) ?? true)
    if (!isTaken) {
      counters.connectionsLimited++
      meters.limited.of().value++
    }
    return isTaken
  }
}

type Served = Omit<HttpOptions, 'paths' | 'allowedOrigins'> & Compression & { readonly allowedOrigins?: readonly string[] | '*', readonly upgrades: Map<string, Upgrade> }

function attachTo(server: Server, options: AttachOptions, { allowedOrigins, upgrades, ...served }: Served): () => void {
  const { path = '/connection/websocket', ssePath: sse = '/connection/sse' } = options
  const { httpStreamPath: httpStream = '/connection/http_stream', emulationPath: emulation = '/emulation' } = options
  const stops = [serveHttp(server, { ...served, paths: { httpStream, sse, emulation }, allowedOrigins })]
  if (path !== false) {
    const upgrade = createUpgrade({ ...served, allowedOrigins })
    upgrades.set(path, upgrade)
    stops.push(serveWebSocket(server, path, upgrade), () => { upgrades.delete(path) })
  }
  return () => {
    for (const stop of stops) stop()
  }
}

function createShared(config: EngineConfig, options: EngineOptions): Shared {
  const { clock = systemClock, random = Math.random } = options
  const { hooks = {}, onFault = () => undefined } = options
  const hub = new Hub({
    onOccupied: channel => { if (hooks.onOccupied) notify(() => hooks.onOccupied?.(channel), onFault) },
    onVacated: channel => { if (hooks.onVacated) notify(() => hooks.onVacated?.(channel), onFault) },
  })
  const counters = createCounters()
  const meters = new Meters(options.metrics ?? {}, config.version)
  const events: BrokerEvents = {
    onPublication(channel, publication, epoch, previous) {
      const started = meters.tick()
      counters.publications++
      hub.publish(channel, publication, epoch, previous)
      meters.observeBroadcast('publication', channel, started)
    },
    onSuppressed: (channel, reason) => { meters.suppressed.of(reason, meters.label(channel)).value++ },
  }
  const broker = options.broker?.(events) ?? createMemoryBroker(events, { clock, random })
  const ports = createPorts(config, { ...options, clock }, { broker, hub, meters })
  return { ports, dispatch, hub, counters, random, roster: new Roster<Connection>(), wheel: new Wheel(clock), flusher: new Flusher() }
}

type Clocked = EngineOptions & Required<Pick<EngineOptions, 'clock'>>

function createPorts(config: EngineConfig, options: Clocked, { broker, hub, meters }: Pick<Ports, 'broker' | 'meters'> & { hub: Hub }): Ports {
  const { clock, hooks = {}, limits = {}, onFault = () => undefined } = options
  const now = (): number => clock.now()
  const { token, subscriptionToken = token } = config.client
  const tokens = {
    connection: createTokenVerifier(token, { now, onFault }),
    subscription: createTokenVerifier(subscriptionToken, { now, onFault }),
  }
  const limiter = new Limiter(limits, now)
  const groupOf = (question: GroupQuestion): string | undefined => limits.groupOf?.(question)
  const denials = new Denials(now)
  const counted = countActions({ broker, presence: options.presence ?? createMemoryPresence() }, meters)
  return { config, ...counted, hooks, denials, limiter, groupOf, meters, tokens, now, onFault, attach: hub.add.bind(hub) }
}
