/** BillingPublisher (specification 2.1): invoices, payments, plan, subscription and usage. */

import type { EventInput } from '../catalog.ts'
import type { BillingStatus } from '../catalog/billing.ts'
import { formatChannel } from '../channel.ts'
import { formatMoney } from '../currency.ts'
import { publishAndReturn, type NewEvent, type Publish, type PublishedEvent } from './publish.ts'

type Billing = 'billing_invoice' | 'billing_payment' | 'billing_plan_change' | 'billing_subscription' | 'billing_usage_alert'

/** What may be said besides the specification's arguments; `idempotencyKey` makes a retry safe. */
export type BillingDetail<Type extends Billing> = Partial<EventInput<Type>> & { idempotencyKey?: string }

/** An amount as the default sentence shows it. */
const formatAmount = (amountMinor: number, currency: string): string =>
  formatMoney(amountMinor, currency, { language: 'pt-BR', display: 'code' }).replace(/\s/g, ' ')

/** Publishes billing events through a given function; each method returns the event. */
export class BillingPublisher {
  readonly #publish: Publish

  constructor(publish: Publish) {
    this.#publish = publish
  }

  /**
   * Publishes `billing_invoice`: status `pending`.
   * @param amountMinor in the smallest unit of `currency` (ISO 4217)
   */
  // eslint-disable-next-line max-params -- the specification's signature
  publishInvoice(tenantId: string, invoiceId: string, amountMinor: number, currency: string, detail: BillingDetail<'billing_invoice'> = {}): Promise<PublishedEvent<EventInput<'billing_invoice'>>> {
    const message = `Nova fatura disponível: ${formatAmount(amountMinor, currency)}`
    return this.#send(tenantId, 'billing_invoice', { status: 'pending', message, ...detail, invoiceId, amountMinor, currency })
  }

  /** Publishes `billing_payment`. */
  // eslint-disable-next-line max-params -- the specification's signature
  publishPaymentStatus(tenantId: string, paymentId: string, status: BillingStatus, message: string, detail: BillingDetail<'billing_payment'> = {}): Promise<PublishedEvent<EventInput<'billing_payment'>>> {
    return this.#send(tenantId, 'billing_payment', { ...detail, paymentId, status, message })
  }

  /** Publishes `billing_usage_alert`: status `failed` above 90 %, else `pending`. */
  // eslint-disable-next-line max-params -- the specification's signature
  publishUsageAlert(tenantId: string, usage: number, limit: number, resource: string, detail: BillingDetail<'billing_usage_alert'> = {}): Promise<PublishedEvent<EventInput<'billing_usage_alert'>>> {
    const percentage = usage * 100 / limit
    const message = `Alerta: ${percentage.toFixed(1)}% do limite de ${resource} usado`
    return this.#send(tenantId, 'billing_usage_alert', { status: percentage > 90 ? 'failed' : 'pending', message, ...detail, resource, usage, limit, percentage })
  }

  /** Publishes `billing_plan_change`: status `completed`. */
  publishPlanChange(tenantId: string, planName: string, detail: BillingDetail<'billing_plan_change'> = {}): Promise<PublishedEvent<EventInput<'billing_plan_change'>>> {
    return this.#send(tenantId, 'billing_plan_change', { status: 'completed', message: `Plano alterado para ${planName}`, ...detail, planName })
  }

  /** Publishes `billing_subscription`. */
  // eslint-disable-next-line max-params -- the shape of the specification's other methods
  publishSubscription(tenantId: string, subscriptionId: string, status: BillingStatus, message: string, detail: BillingDetail<'billing_subscription'> = {}): Promise<PublishedEvent<EventInput<'billing_subscription'>>> {
    return this.#send(tenantId, 'billing_subscription', { ...detail, subscriptionId, status, message })
  }

  #send<Type extends Billing>(tenantId: string, type: Type, { idempotencyKey, ...data }: EventInput<Type> & { idempotencyKey?: string }): Promise<PublishedEvent<EventInput<Type>>> {
    const event = { channel: formatChannel('billing', { tenantId }), type, data, ...idempotencyKey !== undefined && { idempotencyKey } }
    return publishAndReturn(this.#publish, tenantId, event as unknown as NewEvent) as unknown as Promise<PublishedEvent<EventInput<Type>>>
  }
}
