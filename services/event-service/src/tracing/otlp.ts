/** The tracing port on OpenTelemetry's own packages: spans go in batches to a collector that speaks OTLP over HTTP. Loaded only where it is set. */

import { inTime } from '../in-time.ts'
import type { Span, SpanOptions, Tracer } from './tracer.ts'

/** Where spans go. */
export interface OtlpOptions {
  /** Base address of the collector, such as `http://127.0.0.1:4318`; `/v1/traces` is added. */
  url: string
  /** Name of the process among others. @default 'event-service' */
  service?: string
  version?: string
  /** Milliseconds between two batches. @default 2_000 */
  everyMs?: number
  /** Milliseconds that the collector has to answer. @default 5_000 */
  timeoutMs?: number
}

/** How long the last spans may take, in milliseconds. */
const CLOSE_MS = 1000

/** Opens a tracer. A trace that its caller does not sample is not sampled here either. */
export async function openOtlpTracer({ url, service = 'event-service', version = '0.1.0', everyMs = 2000, timeoutMs = 5000 }: OtlpOptions): Promise<Tracer> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'), import('@opentelemetry/sdk-trace'), import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/resources'),
  ])
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  const kinds = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, producer: SpanKind.PRODUCER }
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${url.replace(/\/$/, '')}/v1/traces`, timeoutMillis: timeoutMs }), scheduledDelayMillis: everyMs })],
  })
  const tracer = provider.getTracer('neo-stack-events', version)
  const start = (name: string, { kind = 'internal', parent, links = [], attributes = {} }: SpanOptions = {}): Span => {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...toSpanContext(parent), isRemote: kind === 'server' })
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes, links: links.map(link => ({ context: toSpanContext(link) })) }, context)
    const { traceId, spanId, traceFlags } = span.spanContext()
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      set: what => {
        if (what.name !== undefined) span.updateName(what.name)
        if (what.attributes) span.setAttributes(what.attributes)
      },
      end: error => {
        // Its kind alone: a message may quote what a caller sent.
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'failed' })
        span.end()
      },
    }
  }
  // A collector that hangs must not keep the process from closing its database.
  return { start, close: () => inTime(CLOSE_MS, provider.shutdown().catch(() => undefined), () => undefined) }
}

function toSpanContext(traceparent: string): { traceId: string, spanId: string, traceFlags: number } {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) }
}
