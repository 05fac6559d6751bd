/**
 * Tells operators of tenants' critical alerts: after the commit each becomes a job of the queue, which writes it to `admin:alerts` under a
 * key of its own. What a process had committed and not yet queued when it died is found again at the next start.
 */

import type { PgBoss } from 'pg-boss'
import { channelOf, PLATFORM_TENANT, type Actor, type Envelope } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import type { WritePath } from '../publish/write-path.ts'

const QUEUE = 'alert-escalation'
const queueOptions = { retryLimit: 12, retryDelay: 1, retryBackoff: true, retryDelayMax: 300, deleteAfterSeconds: 86_400 } as const
/** Jobs are kept longer, so that nothing is queued for the second time. */
const LOOK_BACK_MS = 3_600_000

const actor: Actor = { type: 'system', id: 'alert-escalation' }

/** What escalation needs. */
export interface EscalationParts {
  database: Database
  writePath: WritePath
  boss: PgBoss
  now: () => number
  onFault: (error: unknown) => void
}

/** Running escalation. */
export interface Escalation {
  onWritten: (events: readonly Envelope[]) => void
  /** Ends after the job in hand. */
  stop: () => Promise<void>
}

type Told = Pick<Envelope, 'id' | 'type' | 'data'> & { tenantId: string }

/** Starts. */
export async function startEscalation({ database, writePath, boss, now, onFault }: EscalationParts): Promise<Escalation> {
  await database.alone(() => boss.createQueue(QUEUE, queueOptions))
  const running = new Set<Promise<unknown>>()
  const queue = (told: Told): void => {
    const sent = boss.send(QUEUE, told, { id: told.id }).catch(onFault).finally(() => running.delete(sent))
    running.add(sent)
  }
  const worker = await boss.work<Told>(QUEUE, { batchSize: 1, pollingIntervalSeconds: 2 }, async ([job]) => { if (job) await tell(writePath, job.data) })
  const recent = await database.inSystem(tx => tx.selectFrom('events').select(['id', 'type', 'data', 'channel', 'tenant_id']).where('time', '>', new Date(now() - LOOK_BACK_MS))
    .where('type', 'in', ['alert', 'alert_resolved']).where('tenant_id', '<>', PLATFORM_TENANT).execute())
  for (const { tenant_id: tenantId, ...event } of recent) if (isCritical(event)) queue({ ...event, tenantId })
  return {
    onWritten: events => {
      for (const { id, type, data, channel } of events) {
        if (!isCritical({ type, data })) continue
        const [prefix, tenantId] = channel.split(':')
        if (prefix === 'tenant' && tenantId !== undefined) queue({ id, type, data, tenantId })
      }
    },
    stop: async () => {
      await Promise.all(running)
      await boss.offWork(QUEUE, { id: worker, wait: true })
    },
  }
}

function isCritical({ type, data }: { type: string, data: unknown }): boolean {
  const { severity, isSilenced } = data as { severity?: unknown, isSilenced?: unknown }
  return (type === 'alert' || type === 'alert_resolved') && severity === 'critical' && isSilenced !== true
}

async function tell(writePath: WritePath, { id, type, data, tenantId }: Told): Promise<void> {
  const { alertId = id, message } = data as { alertId?: string, message: string }
  const told = { alertId, severity: 'critical', message: `${tenantId}: ${message}`.slice(0, 2000), messageKey: 'tenant_alert', params: { tenantId, message: message.slice(0, 200) } }
  await writePath.write({
    tenantId: PLATFORM_TENANT, events: [{ channel: channelOf('admin-alerts'), type: type === 'alert' ? 'alert' : 'alert_resolved', data: told, actor }],
    key: { scope: 'alert-escalation', key: id, bodyHash: '' },
  })
}
