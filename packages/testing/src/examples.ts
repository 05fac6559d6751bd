/** An example of each event type's data: what its schema demands and what a reader of it would look at, no more. */

import { uuidv7, type EventInput, type EventTypeName } from '@neo-stack/events'

/** What an example is told: its own number, the time that it says where it says one, and the deployment that it is of where it is of one. */
interface Making { n: number, time: string, deploymentId: string }

const DAY_MS = 86_400_000
const later = (time: string, ms = DAY_MS): string => new Date(Date.parse(time) + ms).toISOString()

/** An identifier of something, the same for the same number. */
const idOf = (kind: string, n: number): string => uuidv7(n, new TextEncoder().encode(kind.padEnd(10)))

const percentages = { cpu: 20, memory: 40, disk: 60 }
const sessionOf = (n: number): { sessionId: string, candidateId: string } => ({ sessionId: idOf('session', n), candidateId: idOf('candidate', n) })
const tenantOf = (n: number): { tenant: string, name: string } => ({ tenant: `tenant-${n}`, name: `Tenant ${n}` })

/** By type, so that a type without one is a fault of types. */
export const examples: { readonly [Type in EventTypeName]: (making: Making) => EventInput<Type> } = {
  deployment_start: ({ deploymentId }) => ({ deploymentId, instanceType: 'odoo', status: 'starting', progress: 0, currentStep: 'Iniciando deployment...', logs: [] }),
  deployment_progress: ({ deploymentId }) => ({ deploymentId, progress: 50, currentStep: 'Configurando...', status: 'in_progress' }),
  deployment_complete: ({ deploymentId }) => ({ deploymentId, progress: 100, status: 'completed', instanceUrl: `https://${deploymentId}.example` }),
  deployment_error: ({ deploymentId }) => ({ deploymentId, status: 'failed', error: 'A porta 8069 está ocupada.' }),
  deployment_cancelled: ({ deploymentId }) => ({ deploymentId, status: 'cancelled', reason: 'Cancelado por uma pessoa.' }),
  deployment_log: ({ time, deploymentId }) => ({ deploymentId, from: 1, lines: [{ n: 1, time, stream: 'stdout', text: 'Creating network' }] }),
  billing_invoice: ({ n }) => ({ invoiceId: `invoice-${n}`, amountMinor: 1990, currency: 'BRL', status: 'pending', message: `Invoice ${n}` }),
  billing_payment: ({ n }) => ({ paymentId: `payment-${n}`, status: 'completed', message: `Payment ${n}` }),
  billing_plan_change: ({ n }) => ({ planName: 'Pro', previousPlan: 'Start', status: 'completed', message: `Plan change ${n}` }),
  billing_subscription: ({ n, time }) => ({ subscriptionId: `subscription-${n}`, status: 'completed', renewsAt: later(time, 30 * DAY_MS), message: `Subscription ${n}` }),
  billing_usage_alert: ({ n }) => ({ resource: 'storage', usage: 80, limit: 100, percentage: 80, threshold: 80, state: 'triggered', status: 'pending', message: `Usage ${n}` }),
  inbox_changed: ({ n }) => ({ inbox: 'billing', state: 'read', ids: [idOf('notice', n)], unread: 0 }),
  billing_preferences_changed: () => ({ changed: { language: 'en' }, unread: 0 }),
  metrics_update: ({ time }) => ({ ...percentages, networkIn: 1000, networkOut: 2000, activeInstances: 1, uptime: 3600, at: Math.floor(Date.parse(time) / 1000) }),
  alert: ({ n }) => ({ severity: 'info', message: `Alert ${n}` }),
  alert_acknowledged: ({ n, time }) => ({ alertId: idOf('alert', n), by: 'Ana', at: time }),
  alert_resolved: ({ n }) => ({ alertId: idOf('alert', n), severity: 'info', message: `Alert ${n} is over` }),
  presence_update: ({ n }) => ({ users: [{ userId: idOf('user', n), userName: `User ${n}`, status: 'online' }], version: n }),
  announcement: ({ n, time }) => ({ message: `Announcement ${n}`, until: later(time) }),
  announcement_withdrawn: ({ n }) => ({ announcementId: idOf('announce', n) }),
  session_revoked: ({ n }) => ({ sessionId: idOf('session', n), reason: 'ended elsewhere' }),
  activity: ({ n }) => ({ action: 'deployment.created', target: `deployment-${n}`, actorName: 'Ana' }),
  tenant_created: ({ n }) => tenantOf(n),
  tenant_suspended: ({ n }) => ({ ...tenantOf(n), reason: 'not paid' }),
  tenant_resumed: ({ n }) => tenantOf(n),
  tenant_deleted: ({ n }) => ({ ...tenantOf(n), removed: { events: 3 } }),
  exam_scheduled: ({ n, time }) => ({ ...sessionOf(n), examId: idOf('exam', n), title: `Exam ${n}`, opensAt: later(time) }),
  exam_withdrawn: ({ n }) => sessionOf(n),
  exam_restored: ({ n }) => sessionOf(n),
  exam_started: ({ n, time }) => ({ ...sessionOf(n), startedAt: time, deadline: later(time) }),
  exam_saved: ({ n }) => ({ ...sessionOf(n), save: 1, answered: 3 }),
  exam_submitted: ({ n, time }) => ({ ...sessionOf(n), by: 'candidate', submittedAt: time, answered: 3 }),
  exam_result: ({ n }) => sessionOf(n),
}
