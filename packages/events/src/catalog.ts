/**
 * The event catalogue: every type, the channel families that carry it and the shape of its data. A new type is declared in a
 * file under `catalog/` and listed here; validation, documentation and types follow from it.
 */

import type * as z from 'zod'
import { type Channel } from './channel.ts'
import { deploymentCancelled, deploymentComplete, deploymentError, deploymentLog, deploymentProgress, deploymentStart } from './catalog/deployments.ts'
import { billingInvoice, billingPayment, billingPlanChange, billingSubscription, billingUsageAlert, inboxChanged } from './catalog/billing.ts'
import { billingPreferencesChanged } from './catalog/billing-preferences.ts'
import { alert, alertAcknowledged, alertResolved, metricsUpdate } from './catalog/metrics.ts'
import { examRestored, examResult, examSaved, examScheduled, examStarted, examSubmitted, examWithdrawn } from './catalog/exams.ts'
import { presenceUpdate } from './catalog/presence.ts'
import { announcement, announcementWithdrawn, sessionRevoked } from './catalog/system.ts'
import { activity, tenantCreated, tenantDeleted, tenantResumed, tenantSuspended } from './catalog/administration.ts'
import type { EventType } from './catalog/define.ts'

const declared = [
  deploymentStart, deploymentProgress, deploymentComplete, deploymentError, deploymentCancelled, deploymentLog,
  billingInvoice, billingPayment, billingPlanChange, billingSubscription, billingUsageAlert, inboxChanged, billingPreferencesChanged,
  metricsUpdate, alert, alertAcknowledged, alertResolved, presenceUpdate, announcement, announcementWithdrawn, sessionRevoked,
  activity, tenantCreated, tenantSuspended, tenantResumed, tenantDeleted,
  examScheduled, examWithdrawn, examRestored, examStarted, examSaved, examSubmitted, examResult,
] as const

type Declared = (typeof declared)[number]

/** Name of an event type. */
export type EventTypeName = Declared['type']

/** Data of an event type as it is stored and delivered. */
export type EventData<Type extends EventTypeName> = z.output<Extract<Declared, { type: Type }>['data']>

/** Data of an event type as a publisher may send it. */
export type EventInput<Type extends EventTypeName> = z.input<Extract<Declared, { type: Type }>['data']>

/** Every event type by its name. */
export const eventTypes = Object.fromEntries(declared.map(event => [event.type, event])) as unknown as Record<EventTypeName, EventType>

/** Whether the catalogue has a type of this name. */
export function isEventTypeName(name: string): name is EventTypeName {
  return Object.hasOwn(eventTypes, name)
}

/** Path and sentence of one fault in a request. */
export interface Fault {
  path: string
  message: string
}

/** What {@link parseEvent} says. */
export type ParsedEvent = { ok: true, type: EventTypeName, data: Record<string, unknown> } | { ok: false, code: 'unknown_event_type' | 'invalid_request', faults: Fault[] }

/**
 * Checks an event against the catalogue. What the envelope carries (`tenantId`, `timestamp`, inner `type`) is accepted inside
 * `data` when `tenantId` equals the channel's, and taken out.
 */
export function parseEvent(channel: Channel, type: string, data: unknown): ParsedEvent {
  const declaration = isEventTypeName(type) ? eventTypes[type] : undefined
  if (!declaration?.families.includes(channel.family)) {
    return { ok: false, code: 'unknown_event_type', faults: [{ path: 'type', message: `${channel.name} does not carry ${type}` }] }
  }
  const stripped = withoutEnvelopeFields(channel, type, data)
  if (!stripped.ok) return stripped
  const parsed = declaration.data.safeParse(stripped.data)
  if (!parsed.success) return { ok: false, code: 'invalid_request', faults: toFaults(parsed.error, 'data') }
  return { ok: true, type: declaration.type as EventTypeName, data: parsed.data as Record<string, unknown> }
}

/** Lists what a zod error found, each with its path from `root`. */
export function toFaults(error: z.ZodError, root = ''): Fault[] {
  return error.issues.map(issue => ({ path: toPath(root, issue), message: issue.message }))
}

function toPath(root: string, issue: z.core.$ZodIssue): string {
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  return [root, ...issue.path.map(String), ...extra].filter(Boolean).join('.')
}

type Stripped = { ok: true, data: unknown } | Extract<ParsedEvent, { ok: false }>

function withoutEnvelopeFields(channel: Channel, type: string, data: unknown): Stripped {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { ok: true, data }
  const { tenantId, timestamp: _timestamp, type: inner, ...rest } = data as Record<string, unknown>
  const faults: Fault[] = []
  if (tenantId !== undefined && tenantId !== channel.tenantId) faults.push({ path: 'data.tenantId', message: 'differs from the channel\'s tenant' })
  if (inner !== undefined && !isTypeOf(inner, type)) faults.push({ path: 'data.type', message: 'differs from the event\'s type' })
  return faults.length > 0 ? { ok: false, code: 'invalid_request', faults } : { ok: true, data: rest }
}

/** The specification's inner types are the event type itself or a short form of it (`invoice` in `billing_invoice`). */
function isTypeOf(inner: unknown, type: string): boolean {
  return inner === type || (typeof inner === 'string' && type.endsWith(`_${inner}`)) || (type === 'metrics_update' && (inner === 'system_metrics' || inner === 'tenant_metrics'))
}
