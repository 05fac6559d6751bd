/** When an invoice is, or was, due. */
import type { BillingRecord } from '@neo-stack/events'
import { useI18n } from 'vue-i18n'
import { isPast, useTimes } from './use-times.ts'

/** Says when what is open is due; follows the language. */
export function useDue(): (record: Pick<BillingRecord, 'dueAt' | 'status'>) => string {
  const { t } = useI18n()
  const { toDay } = useTimes()
  return ({ dueAt, status }) => {
    if (dueAt === undefined || status === 'completed' || status === 'cancelled') return ''
    return t(isPast(dueAt, Date.now()) ? 'billing.overview.overdue' : 'billing.overview.due', { date: toDay(dueAt) })
  }
}
