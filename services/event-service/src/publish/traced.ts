/** Traces of writes: each submission is a span of its caller's, a group's commit one of its first submission's, the hand-over one of the commit's. */

import { currentTrace } from '../tracing/context.ts'
import type { Span, Tracer } from '../tracing/tracer.ts'

/** A submission's place in its trace. */
export interface SubmissionTrace {
  span?: Span | undefined
  /** What its events name: passed on where its caller named a trace, or where spans are made. */
  traceparent?: string | undefined
}

/** Begins the span of a submission. */
export function traceSubmission(tracer: Tracer | undefined, { tenantId, events }: { tenantId: string, events: readonly { type: string }[] }): SubmissionTrace {
  const caller = currentTrace()
  if (!tracer) return { traceparent: caller?.isPassedOn ? caller.traceparent : undefined }
  const span = tracer.start('publish', { parent: caller?.traceparent, attributes: { 'neo.tenant': tenantId, 'neo.events': events.length, 'neo.type': events[0]?.type ?? 'none' } })
  return { span, traceparent: span.traceparent }
}

/** Begins the span of a group's transaction, of which the others of the group are linked. */
export function traceCommit(tracer: Tracer | undefined, group: readonly SubmissionTrace[]): Span | undefined {
  const [parent, ...links] = group.flatMap(({ span }) => span?.traceparent ?? [])
  return tracer?.start('commit', { parent, links, attributes: { 'neo.submissions': group.length } })
}

/** Spans the hand-over of committed events until the engine has them. */
export function traceDelivery(tracer: Tracer | undefined, commit: Span | undefined, events: number): Span | undefined {
  return tracer?.start('deliver', { kind: 'producer', parent: commit?.traceparent, attributes: { 'neo.events': events } })
}
