/** How notifications look and belong together: colour, icon and weight by type, one group per invoice or subscription. Pure. */
import type { Notification, NotificationType } from '@neo-stack/events'

/** How a type of notification looks. */
export interface Look {
  /** Border and ground. */
  classes: string
  icon: string
}

const looks: Readonly<Record<NotificationType, Look>> = {
  billing_invoice: { classes: 'border-blue-500 bg-blue-50 dark:bg-blue-950/40', icon: 'i-lucide-file-text' },
  billing_payment: { classes: 'border-green-500 bg-green-50 dark:bg-green-950/40', icon: 'i-lucide-credit-card' },
  billing_plan_change: { classes: 'border-purple-500 bg-purple-50 dark:bg-purple-950/40', icon: 'i-lucide-refresh-cw' },
  billing_usage_alert: { classes: 'border-orange-500 bg-orange-50 dark:bg-orange-950/40', icon: 'i-lucide-triangle-alert' },
  billing_subscription: { classes: 'border-indigo-500 bg-indigo-50 dark:bg-indigo-950/40', icon: 'i-lucide-users' },
}

/** Types of notification that this page knows. */
export const types = Object.keys(looks) as NotificationType[]

/** Look of a type; a type that came later than this page looks neutral. */
export function toLook(type: string): Look {
  return (looks as Readonly<Record<string, Look>>)[type] ?? { classes: 'border-gray-500 bg-gray-50 dark:bg-gray-900', icon: 'i-lucide-bell' }
}

/** Whether a reader was refused, rather than something having failed. */
export function isRefusal(error: { code: string } | null): boolean {
  return error !== null && ['forbidden', 'not_found'].includes(error.code)
}

/** How much a notification matters. */
export function toSeverity({ status, type }: Pick<Notification, 'status' | 'type'>): 'error' | 'warning' | 'success' | 'neutral' {
  if (status === 'failed') return 'error'
  if (status === 'completed') return 'success'
  return status === 'pending' && type === 'billing_usage_alert' ? 'warning' : 'neutral'
}

/** Notifications of one invoice, payment, subscription or resource. */
export interface Group {
  key: string
  /** Identifier of what they speak of. */
  subject: string | undefined
  items: readonly Notification[]
}

const subjects = ['invoiceId', 'subscriptionId', 'paymentId', 'resource'] as const

/** Groups notifications; a group stands where its newest does. */
export function toGroups(notifications: readonly Notification[]): readonly Group[] {
  const groups = new Map<string, { key: string, subject: string | undefined, items: Notification[] }>()
  for (const one of notifications) {
    const field = subjects.find(name => typeof one.data[name] === 'string')
    const subject = field === undefined ? undefined : String(one.data[field])
    const key = field === undefined ? one.id : `${field} ${String(subject)}`
    const known = groups.get(key)
    if (known) known.items.push(one)
    else groups.set(key, { key, subject, items: [one] })
  }
  return [...groups.values()]
}
