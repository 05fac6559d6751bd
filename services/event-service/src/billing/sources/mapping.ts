/** What a webhook says, as events of ours. Pure: the body in, drafts out. */

import type * as z from 'zod'
import { genericWebhookSchema, type NotificationType } from '@neo-stack/events'
import { Problem } from '../../errors.ts'

/** An event as it is to be published; the catalogue checks it. */
export interface MappedEvent {
  type: NotificationType
  data: Record<string, unknown>
}

/** A webhook in our words. */
export interface Mapped {
  /** The billing system's own identifier of the event. */
  eventId: string
  /** Whom it concerns, as the billing system calls them. */
  customer?: string | undefined
  /** The tenant it says it is for. */
  tenantId?: string | undefined
  /** None for what is not kept. */
  events: MappedEvent[]
}

/** Parses with the path of each fault. @throws {Problem} `invalid_request` */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new Problem('invalid_request', { errors: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) })
}

const sentences: Readonly<Record<NotificationType, (data: Readonly<Record<string, unknown>>) => string>> = {
  billing_invoice: ({ invoiceId }) => `Fatura ${String(invoiceId)} atualizada`,
  billing_payment: ({ paymentId }) => `Pagamento ${String(paymentId)} atualizado`,
  billing_plan_change: ({ planName }) => `Plano alterado para ${String(planName)}`,
  billing_subscription: ({ subscriptionId }) => `Assinatura ${String(subscriptionId)} atualizada`,
  billing_usage_alert: ({ resource }) => `Uso de ${String(resource)}`,
}

/**
 * Reads the documented JSON (docs/guide/billing.md).
 * @throws {Problem} `invalid_request` with the paths
 */
export function mapGeneric(body: unknown, eventId: string): Mapped {
  const { type, timestamp, customer, tenantId, data } = parseBody(genericWebhookSchema, body)
  const occurredAt = new Date(timestamp).toISOString()
  return { eventId, customer, tenantId, events: [{ type, data: { message: sentences[type](data), occurredAt, ...data, sourceEventId: eventId } }] }
}
