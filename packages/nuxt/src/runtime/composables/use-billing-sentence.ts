/** What a notification says in the reader's language; what only its author can know is said in the author's words. */
import type { Notification } from '@neo-stack/events'
import { useI18n } from 'vue-i18n'
import { useMoney } from './use-money.ts'
import { usePercent } from './use-percent.ts'

/** What of a notification, or of an event of billing, is needed. */
export type Told = Pick<Notification, 'type' | 'status' | 'message' | 'data'> & { amountMinor?: number | undefined, currency?: string | undefined }

/** What {@link useBillingSentence} gives. */
export interface BillingSentences {
  toSentence: (told: Told) => string
  /** What a type of notification is called; one that came later than this page by its own name. */
  toLabel: (type: string) => string
}

/** Sentences and names of notifications; follows the language. */
export function useBillingSentence(): BillingSentences {
  const { t, te, n } = useI18n()
  const toMoney = useMoney()
  const toPercent = usePercent()
  const toStep = usePercent(0)
  const toUsage = (data: Told['data'], resource: string, percentage: string): string => {
    const { state, threshold, thresholdUnit } = data
    if (state !== 'resolved' || typeof threshold !== 'number') return t('billing.said.usage', { percentage, resource })
    return t('billing.said.usageOver', { percentage, resource, threshold: thresholdUnit === 'absolute' ? n(threshold) : toStep(threshold) })
  }
  const toSentence: BillingSentences['toSentence'] = ({ type, status, message, data, amountMinor, currency }) => {
    if (type === 'billing_invoice' && amountMinor !== undefined && currency !== undefined) {
      return t(`billing.said.invoice.${status}`, { amount: toMoney(amountMinor, currency), id: String(data['invoiceId']) })
    }
    if (data['messageKey'] === 'payment_status') return t(`billing.said.payment.${status}`)
    if (data['messageKey'] === 'subscription_status') return t(`billing.said.subscription.${status}`)
    if (type === 'billing_plan_change' && status === 'completed') return t('billing.said.plan', { plan: String(data['planName']) })
    if (type === 'billing_usage_alert' && typeof data['percentage'] === 'number' && typeof data['resource'] === 'string') return toUsage(data, data['resource'], toPercent(data['percentage']))
    return message
  }
  return { toSentence, toLabel: type => te(`billing.type.${type}`) ? t(`billing.type.${type}`) : type }
}
