/** Webhooks as billing systems send them: bodies, signatures, and a trigger that posts them to a platform's door. */

import { createHmac, randomUUID } from 'node:crypto'

/** A source of a platform: where its webhooks go and what they are signed with. */
export interface WebhookSource {
  kind: 'standard' | 'stripe'
  /** Address, the platform's own included. */
  url: string
  secret: string
  /** The time that deliveries are signed at: that of the platform's clock, if it has one. @default the real one */
  now?: () => number
}

/** What may differ from an honest, fresh delivery. */
export interface DeliveryOptions {
  /** Names the delivery; the same one again is a duplicate. @default a new one; Stripe's is the body's `id` */
  id?: string
  /** When it was signed, in milliseconds since the Unix epoch. @default now, by the source's clock */
  at?: number
  /** Signs with another secret than the source's. */
  secret?: string
}

/** A signed request. */
export interface SignedWebhook { headers: Record<string, string>, body: string }

/** Signs a body the way the source's kind does. */
export function signWebhook({ kind, secret: own, now = Date.now }: Pick<WebhookSource, 'kind' | 'secret' | 'now'>, payload: object, { id = `msg_${randomUUID()}`, at = now(), secret = own }: DeliveryOptions = {}): SignedWebhook {
  const body = JSON.stringify(payload)
  const seconds = Math.floor(at / 1000)
  const type = { 'content-type': 'application/json' }
  if (kind === 'stripe') return { body, headers: { ...type, 'stripe-signature': `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}` } }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { body, headers: { ...type, 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` } }
}

/** Sends one and gives the answer as it is: a refusal is not thrown. */
export async function triggerWebhook(source: WebhookSource, payload: object, options?: DeliveryOptions): Promise<{ status: number, body: unknown }> {
  const answer = await fetch(source.url, { method: 'POST', ...signWebhook(source, payload, options) })
  return { status: answer.status, body: await answer.json() }
}

/** Bodies: of a `standard` source, and of Stripe. Each takes what matters to the test. */
export const webhookFixtures = {
  invoice: (data: Record<string, unknown> = {}): object => ({
    type: 'billing_invoice', timestamp: new Date().toISOString(), data: { invoiceId: 'inv-1', amountMinor: 1990, currency: 'BRL', status: 'pending', ...data },
  }),
  payment: (data: Record<string, unknown> = {}): object => ({
    type: 'billing_payment', timestamp: new Date().toISOString(), data: { paymentId: 'pay-1', amountMinor: 1990, currency: 'BRL', status: 'completed', ...data },
  }),
  stripeInvoicePaid: (object: Record<string, unknown> = {}): object => ({
    id: `evt_${randomUUID()}`, object: 'event', api_version: '2025-03-31.basil', created: Math.floor(Date.now() / 1000), type: 'invoice.paid',
    data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', amount_due: 1990, amount_paid: 1990, total: 1990, currency: 'brl', status: 'paid', ...object } },
  }),
}
