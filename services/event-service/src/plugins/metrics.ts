/** Prometheus metrics over HTTP, and what requests say. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { TELEMETRY_SAMPLE, type Envelope, type telemetrySchema } from '@neo-stack/events'
import type * as z from 'zod'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { countByFamily } from '../metering/by-family.ts'
import type { Instruments } from '../metering/registry.ts'
import { share } from '../metering/shared.ts'
import { createTenantFigures, type TenantFigures } from '../metering/tenant-figures.ts'
import { encodeData } from '../publish/encoded.ts'
import type { RealtimeStats } from '../realtime/realtime.ts'

/** What metrics are taken from. */
export interface MetricsOptions {
  stats: () => Promise<RealtimeStats>
  /** Whether this process is the one that says what is so for the whole installation: several would each say the same connections. */
  isLeader: () => boolean
  /** More text in the Prometheus format, of the engine in this process. @default none */
  engineText?: (() => string) | undefined
  /** Rows of Centrifugo's outbox and the seconds the oldest has waited. @default none wait */
  outbox?: (() => Promise<{ rows: number, oldestSeconds: number }>) | undefined
  /** Bearer that may read from elsewhere than loopback. */
  token: string | undefined
  /** Counts events by tenant for /metrics/tenants, which is empty otherwise. */
  hasTenants: boolean
}

/** What the rest of the service reports to. */
export interface Meter {
  /** Counts committed events. */
  trackPublish: (events: readonly Envelope[]) => void
  /** Counts what one of the sampled browsers received and painted, the counts scaled up to all of them. */
  trackReceive: (report: z.output<typeof telemetrySchema>) => void
}

/** Adds /metrics and measures every request. */
export function metricsPlugin(app: App, instruments: Instruments, { stats, isLeader, engineText, outbox = () => Promise.resolve({ rows: 0, oldestSeconds: 0 }), token, hasTenants }: MetricsOptions): Meter {
  const tenants = hasTenants ? createTenantFigures() : undefined
  const guard = (request: FastifyRequest): void => { if (!mayRead(request, token)) throw new Problem('not_found', { detail: 'No such address.' }) }
  const figures = share(stats)
  const backlog = share(outbox)
  const reported = async (name: 'connections' | 'channels'): Promise<number | undefined> => isLeader() ? (await figures())[name] : undefined
  instruments.gauge('active_connections', () => reported('connections'))
  instruments.gauge('active_channels', () => reported('channels'))
  instruments.gauge('outbox_rows', async () => (await backlog()).rows)
  instruments.gauge('outbox_oldest_row_seconds', async () => (await backlog()).oldestSeconds)
  watchRequests(app, instruments)

  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    guard(request)
    return reply.type(instruments.contentType).send(await instruments.text() + (engineText?.() ?? ''))
  })
  // Always there: Prometheus reads it as a job of its own, which would fail all day where nothing is counted.
  app.get('/metrics/tenants', { schema: { hide: true } }, async (request, reply) => {
    guard(request)
    return reply.type(instruments.contentType).send(tenants?.text() ?? '# Nothing is counted by tenant: NEO_TENANT_METRICS is off.\n')
  })
  return createMeter(instruments, tenants)
}

function createMeter(instruments: Instruments, tenants: TenantFigures | undefined): Meter {
  const published = instruments.counter('events_published_total')
  const received = instruments.counter('events_received_total')
  const painting = instruments.histogram('event_paint_duration_seconds', [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 60])
  const size = instruments.histogram('event_size_bytes', [100, 500, 1000, 5000, 10_000, 50_000])
  return {
    trackPublish: events => {
      countByFamily(published, events)
      for (const { data } of events) size.observe(Buffer.byteLength(encodeData(data)))
      tenants?.onWritten(events)
    },
    trackReceive: report => {
      for (const { family, type, count } of report.received) received.inc({ family, type }, count * TELEMETRY_SAMPLE)
      for (const milliseconds of report.paints) painting.observe(milliseconds / 1000)
    },
  }
}

type Outcome = 'accepted' | 'refused' | 'failed'

const toOutcome = (status: number): Outcome => status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'accepted'

/** What requests say about features, by their route and status. */
function watchRequests(app: App, instruments: Instruments): void {
  const publishing = instruments.histogram('event_publish_duration_seconds', [0.005, 0.01, 0.05, 0.1, 0.5, 1])
  const requests = instruments.counter('http_requests_total')
  const times = instruments.histogram('http_request_duration_seconds', [0.005, 0.02, 0.1, 0.5, 2, 10])
  const recoveries = instruments.counter('history_recoveries_total')
  const webhooks = instruments.counter('webhook_requests_total')
  const signIns = instruments.counter('sign_ins_total')

  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions: { url = 'unknown' }, query } = request
    // Seven methods of each address would be thousands of series that one scan of a stranger makes.
    const route = reply.statusCode === 405 ? 'unknown' : url
    const outcome = toOutcome(reply.statusCode)
    requests.inc({ method, route, status: String(reply.statusCode) })
    times.observe({ route }, reply.elapsedTime / 1000)
    if (route.startsWith('/v1/events') && reply.statusCode === 201) publishing.observe(reply.elapsedTime / 1000)
    if (route === '/v1/history' && (query as { after?: unknown }).after !== undefined) {
      recoveries.inc({ outcome: reply.statusCode === 410 ? 'trimmed' : outcome === 'accepted' ? 'ok' : outcome })
    }
    if (route.startsWith('/v1/webhooks/')) webhooks.inc({ outcome })
    if (route === '/v1/session' && method === 'POST') {
      signIns.inc({ outcome })
      if (outcome === 'refused') request.log.warn({ address: request.ip, status: reply.statusCode }, 'sign-in refused')
    }
    done()
  })
}

/** Loopback without a proxy in between, or the bearer. */
function mayRead({ socket, headers }: FastifyRequest, token: string | undefined): boolean {
  if (token !== undefined && isEqual(headers.authorization ?? '', `Bearer ${token}`)) return true
  const isProxied = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].some(name => headers[name] !== undefined)
  return !isProxied && isLoopback(socket.remoteAddress ?? '')
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address)
}

/** Takes the same time wherever the texts differ. */
function isEqual(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
