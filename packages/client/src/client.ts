/** Everything an app needs of the platform, joined: session, REST, realtime connection and the feeds over them. */

import type { Clock } from './clock.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import type { FeedBasics } from './feed.ts'
import type { Feeds } from './feeds.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Page } from './page.ts'
import type { RequestOptions } from './request.ts'
import type { Portal, Rest } from './rest.ts'
import type { Session } from './session.ts'
import type { Tabs } from './tabs.ts'
import type { TelemetryOptions } from './telemetry.ts'
import { createConnection } from './connection.ts'
import { signedInCookie } from '@neo-stack/events'
import { createCookieFetch } from './cookie-jar.ts'
import { createFeeds } from './feeds.ts'
import { createHeartbeat } from './heartbeat.ts'
import { findPage } from './page.ts'
import { createRest } from './rest.ts'
import { createSession } from './session.ts'
import { findTabs } from './tabs.ts'
import { afterPaintOfPage, createTelemetry } from './telemetry.ts'

/** How a client is made. */
export interface ClientOptions {
  /** Origin of the service. @default the page's own */
  baseUrl?: string
  /** Whose session it is. @default 'api' */
  portal?: Portal
  /** A service's key: then there is no session, `session` stays `unknown`. */
  apiKey?: string
  /** Keep cookies here, where `fetch` does not (Node). @default false */
  cookieJar?: boolean
  /** WebSocket address. @default `baseUrl` with `/connection/websocket` */
  realtimeUrl?: string
  /** @default globalThis.fetch */
  fetch?: typeof fetch
  /** @default globalThis.WebSocket */
  webSocket?: unknown
  /** What the tabs of this browser share; `{}` for nothing. @default the browser's locks and broadcast channel */
  tabs?: Tabs
  clock?: Clock
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
  /** What tells whether somebody is there. @default the browser's page */
  page?: Page
  /** Calls back when the next frame was painted, for telemetry. @default the page's frames; no telemetry outside a page */
  afterPaint?: TelemetryOptions['afterPaint']
  request?: Pick<RequestOptions, 'timeoutMs' | 'retries'>
  connection?: Pick<ConnectionOptions, 'minReconnectMs' | 'maxReconnectMs' | 'lingerMs'>
  feeds?: Pick<FeedBasics, 'retry'>
}

/** The platform, as an app sees it. */
export interface Client {
  readonly session: Session
  readonly rest: Rest
  readonly connection: Connection
  readonly feeds: Feeds
  /** Makes the heartbeat of this client in a tenant; returned stopped. */
  readonly presence: { heartbeat: (tenantId: string) => Heartbeat }
  /** Ends the connection and its feeds and stops renewing the session, which itself goes on. Idempotent. */
  close(): Promise<void>
}

/**
 * Makes a client. Nothing is asked before something is used.
 * @throws {TypeError} when `baseUrl` is missing where there is no page, or is not an absolute address.
 * @example
 * const client = createClient({ portal: 'tenant' })
 * await client.session.restore() ?? await client.session.signIn(email, password)
 * const feed = client.feeds.deployments('acme', { onChange: deployments => { … } })
 * feed.start()
 */
export function createClient(options: ClientOptions = {}): Client {
  const { apiKey, clock, random, portal = 'api' } = options
  const baseUrl = new URL(options.baseUrl ?? findOrigin()).href.replace(/\/$/, '')
  const shared = { ...clock && { clock }, ...random && { random } }
  const given = options.fetch ?? ((input, init) => globalThis.fetch(input, init))

  const rest: Rest = createRest({
    ...shared,
    ...options.request,
    baseUrl,
    fetch: options.cookieJar ? createCookieFetch(given, clock ? () => clock.now() : undefined) : given,
    getAccessToken: () => apiKey ?? session.getAccessToken(),
    renewAccessToken: async rejected => apiKey === undefined ? await session.renewAccessToken(rejected) : undefined,
  })
  const tabs = options.tabs ?? findTabs(`neo-session-${baseUrl}-${portal}`)
  const session: Session = createSession({ ...shared, rest, portal, tabs, mayRestore: () => hasSignedInCookie(portal) })
  const telemetry = createTelemetry({ ...shared, report: report => rest.telemetry.report(report), afterPaint: options.afterPaint ?? afterPaintOfPage() })
  const connectionId = createConnectionId(random)
  const connection = createConnection({
    ...shared,
    ...options.connection,
    ...options.webSocket !== undefined && { webSocket: options.webSocket },
    url: options.realtimeUrl ?? `${baseUrl.replace(/^http/, 'ws')}/connection/websocket`,
    getToken: async () => (await rest.realtime.connectionToken()).token,
    getSubscriptionTokens: async channels => (await rest.realtime.subscriptionTokens(channels)).tokens,
    data: { presence: connectionId },
    onPublication: telemetry.onPublication,
    onTerminated: () => { void confirmSession(session) },
  })
  const stopWatching = followSession(session, connection)

  return {
    session,
    rest,
    connection,
    presence: { heartbeat: tenantId => createHeartbeat({ ...clock && { clock }, rest, connection, tenantId, connectionId, page: options.page ?? findPage() }) },
    feeds: createFeeds(connection, rest, { ...shared, ...options.feeds }),
    close: async () => {
      stopWatching()
      telemetry.stop()
      session.close()
      await connection.close()
    },
  }
}

/** Names this tab. A duplicated tab is a page of its own and gets another name. */
const createConnectionId = (random: (() => number) | undefined): string => Array.from({ length: 24 }, () => Math.floor((random ?? Math.random)() * 36).toString(36)).join('')

/** The connection is one person's: it ends with the session, and another person gets another one. */
function followSession(session: Session, connection: Connection): () => void {
  let userId: string | undefined
  return session.onChange(status => {
    if (status.state === 'unknown' || status.state === 'restoring') return
    const isOther = status.state === 'signed-out' || (userId !== undefined && userId !== status.user.id)
    userId = status.state === 'signed-in' ? status.user.id : undefined
    if (isOther && connection.status.state !== 'idle') void connection.close()
    if (status.state === 'signed-in' && connection.status.state === 'closed') connection.connect()
  })
}

/** The server cut the connection for good: a revoked session cannot be renewed, and then the person is signed out. */
async function confirmSession(session: Session): Promise<void> {
  const token = await session.getAccessToken().catch(() => undefined)
  if (token !== undefined) await session.renewAccessToken(token).catch(() => undefined)
}

/** Outside a page nobody can tell, and the service is asked. */
function hasSignedInCookie(portal: Portal): boolean {
  const { document } = globalThis as { document?: { cookie: string } }
  return document === undefined || document.cookie.split('; ').includes(`${signedInCookie(portal)}=1`)
}

function findOrigin(): string {
  const { location } = globalThis as { location?: { origin: string } }
  if (!location) throw new TypeError('createClient needs baseUrl where there is no page')
  return location.origin
}
