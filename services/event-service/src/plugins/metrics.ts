/** Prometheus metrics of this service, each with labels that cannot explode: families and types, never a channel or a tenant. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { parseChannel, TELEMETRY_SAMPLE, type Envelope, type telemetrySchema } from '@neo-stack/events'
import type * as z from 'zod'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { encodeData } from '../publish/encoded.ts'
import type { RealtimeStats } from '../realtime/realtime.ts'

/** Every metric of our own; Node's default metrics come beside them. */
export const metricsReference = [
  { name: 'events_published_total', type: 'counter', help: 'Events accepted', labels: ['family', 'type'] },
  { name: 'events_received_total', type: 'counter', help: 'Events that browsers received: an estimate from the sessions that report', labels: ['family', 'type'] },
  { name: 'event_paint_duration_seconds', type: 'histogram', help: 'Time from an event to the frame that showed it, as sampled browsers say', labels: [] },
  { name: 'event_size_bytes', type: 'histogram', help: 'Size of accepted events as JSON', labels: [] },
  { name: 'event_publish_duration_seconds', type: 'histogram', help: 'Time from request to commit of a publish', labels: [] },
  { name: 'active_connections', type: 'gauge', help: 'Open realtime connections', labels: [] },
  { name: 'active_channels', type: 'gauge', help: 'Channels with a subscriber', labels: [] },
  { name: 'outbox_oldest_row_seconds', type: 'gauge', help: 'Scale-out: how long the oldest event has waited for Centrifugo; more than 5 means that no node reads', labels: [] },
  { name: 'http_request_duration_seconds', type: 'histogram', help: 'Time of HTTP requests', labels: ['method', 'route', 'status'] },
] as const

/** What metrics are taken from. */
export interface MetricsOptions {
  stats: () => Promise<RealtimeStats>
  /** Seconds that the oldest row of Centrifugo's outbox has waited. @default none waits */
  outboxAge?: (() => Promise<number>) | undefined
  /** Bearer that may read from elsewhere than loopback. */
  token: string | undefined
}

/** What the rest of the service reports to. */
export interface Meter {
  /** Counts committed events. */
  onWritten: (events: readonly Envelope[]) => void
  /** Counts what one of the sampled browsers received and painted, the counts scaled up to all of them. */
  trackReceive: (report: z.output<typeof telemetrySchema>) => void
}

/** Adds /metrics and measures every request. */
export function metricsPlugin(app: App, { stats, outboxAge, token }: MetricsOptions): Meter {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const of = (name: (typeof metricsReference)[number]['name']): { name: string, help: string, labelNames: string[], registers: Registry[] } => {
    const { help, labels } = metricsReference.find(metric => metric.name === name) ?? { help: name, labels: [] }
    return { name, help, labelNames: [...labels], registers: [registry] }
  }
  const published = new Counter(of('events_published_total'))
  const received = new Counter(of('events_received_total'))
  const painting = new Histogram({ ...of('event_paint_duration_seconds'), buckets: [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 60] })
  const size = new Histogram({ ...of('event_size_bytes'), buckets: [100, 500, 1000, 5000, 10_000, 50_000] })
  const publishing = new Histogram({ ...of('event_publish_duration_seconds'), buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1] })
  const requests = new Histogram({ ...of('http_request_duration_seconds'), buckets: [0.005, 0.02, 0.1, 0.5, 2, 10] })
  gauge(of('active_connections'), async () => (await stats()).connections)
  gauge(of('active_channels'), async () => (await stats()).channels)
  gauge(of('outbox_oldest_row_seconds'), outboxAge ?? (() => Promise.resolve(0)))

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    if (route.startsWith('/v1/events') && reply.statusCode === 201) publishing.observe(reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!mayRead(request, token)) throw new Problem('not_found', { detail: 'No such address.' })
    return reply.type(registry.contentType).send(await registry.metrics())
  })
  return {
    onWritten: events => {
      for (const event of events) {
        published.inc({ family: parseChannel(event.channel)?.family ?? 'unknown', type: event.type })
        size.observe(Buffer.byteLength(encodeData(event.data)))
      }
    },
    trackReceive: report => {
      for (const { family, type, count } of report.received) received.inc({ family, type }, count * TELEMETRY_SAMPLE)
      for (const milliseconds of report.paints) painting.observe(milliseconds / 1000)
    },
  }
}

/** A gauge that asks when it is read; where nobody answers it says so by being no number. */
function gauge(options: ConstructorParameters<typeof Gauge>[0], read: () => Promise<number>): void {
  new Gauge({ ...options, async collect() { this.set(await read().catch(() => Number.NaN)) } })
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
