/** The whole installation at a glance: its parts with why they are as they are, tenants, the pace of events; worst first. */

import { sql } from 'kysely'
import { PLATFORM_TENANT, type AdminOverview, type Part } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { inTime } from '../in-time.ts'
import type { RealtimeStats } from '../realtime/realtime.ts'
import { lowestId } from './ids.ts'
import { judgeDatabase, judgeDelivery, judgeQueue, judgeSearch, judgeService, unreachable, worstFirst, type Backlog, type Judged } from './rules.ts'

/** What is asked. */
export interface Parts {
  database: Database
  stats: () => Promise<RealtimeStats>
  backlog: () => Promise<Backlog>
  /** Channels whose newest events are not in the search index yet. */
  behind: () => number
  /** Events that wait for Centrifugo. @default there is no outbox */
  outbox?: (() => Promise<{ rows: number, oldestSeconds: number }>) | undefined
  /** By node, whether the canary is heard there. @default there is none */
  canary?: (() => Readonly<Record<string, boolean>>) | undefined
  /** Faults of background tasks since the start. */
  faults: () => number
  now: () => number
  /** Whether operators ask this process at all. */
  isServing: boolean
}

/** Who tells operators of the installation. */
export interface Overview {
  /** Asks every part; one that fails or is late is down and keeps nobody waiting. */
  read: () => Promise<AdminOverview>
  stop: () => Promise<void>
}

/** A part that does not answer within this many milliseconds is down. */
const ANSWER_MS = 2000
/** Parts are looked at this often although nobody asks: since when something is as it is does not depend on who looked. */
const LOOK_MS = 10_000
/** A canary has heard nothing when it starts: for so long that says nothing of the nodes. */
const SETTLED_MS = 15_000
const WINDOW_SECONDS = 60
const MAX_TROUBLED = 10

/** Starts looking. */
export function startOverview({ canary, ...given }: Parts): Overview {
  const { database, now, isServing } = given
  const settledAt = now() + SETTLED_MS
  const parts: Parts = { ...given, canary: canary && (() => now() < settledAt ? {} : canary()) }
  const sinceOf = createSince(now)
  const look = async (): Promise<Part[]> => (await judge(parts)).map(sinceOf)
  let looking: Promise<unknown> = isServing ? look() : Promise.resolve()
  const timer = isServing ? setInterval(() => { looking = look() }, LOOK_MS).unref() : undefined
  return {
    read: async () => {
      const [judged, told] = await Promise.all([look(), inTime(ANSWER_MS, database.inSystem(tx => readTenants(tx, now())).catch(() => ({})), () => ({}))])
      return { parts: worstFirst(judged), ...told }
    },
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

/** Remembers since when each part is in its state. */
function createSince(now: () => number): (part: Judged) => Part {
  const seen = new Map<Part['name'], Pick<Part, 'state' | 'since'>>()
  return part => {
    const before = seen.get(part.name)
    const since = before?.state === part.state ? before.since : new Date(now()).toISOString()
    seen.set(part.name, { state: part.state, since })
    return { ...part, since }
  }
}

function judge({ database, stats, backlog, behind, outbox, canary, faults, now }: Parts): Promise<Judged[]> {
  const startedAt = now()
  return Promise.all([
    ask('database', async () => { await database.ping(); return judgeDatabase(Math.max(0, now() - startedAt)) }),
    ask('realtime', async () => {
      const { connections, users, channels, subscriptions } = await stats()
      return { name: 'realtime', state: 'ok', reason: 'fine', figures: { connections, users, channels, subscriptions } }
    }),
    ...outbox ? [ask('delivery', async () => judgeDelivery(await outbox(), canary?.()))] : [],
    ask('queue', async () => judgeQueue(await backlog())),
    Promise.resolve(judgeSearch(behind())),
    Promise.resolve(judgeService({ uptimeSeconds: Math.floor(process.uptime()), memoryBytes: process.memoryUsage.rss(), faults: faults() })),
  ])
}

async function ask(name: Part['name'], read: () => Promise<Judged>): Promise<Judged> {
  return inTime(ANSWER_MS, read().catch(() => unreachable(name)), () => unreachable(name))
}

interface Troubled { id: string, name: string, state: 'active' | 'suspended' | 'deleting', failed: string | number }

async function readTenants(tx: Tx, now: number): Promise<Omit<AdminOverview, 'parts'>> {
  const states = await tx.selectFrom('tenants').select(({ fn }) => ['state', fn.countAll<string>().as('count')]).where('id', '!=', PLATFORM_TENANT).groupBy('state').execute()
  const { rows: troubled } = await sql<Troubled>`
    select tenants.id, tenants.name, tenants.state, coalesce(bad.failed, 0) as failed from tenants left join (
      select instances.tenant_id, count(*) as failed from instances join deployments using (tenant_id, deployment_id) where deployments.status = 'failed' group by instances.tenant_id
    ) bad on bad.tenant_id = tenants.id
    where tenants.id <> ${PLATFORM_TENANT} and (bad.failed > 0 or tenants.state <> 'active') order by coalesce(bad.failed, 0) desc, tenants.id limit ${MAX_TROUBLED}`.execute(tx)
  const { rows: [paced] } = await sql<{ count: string }>`select count(*) as count from events where id >= ${lowestId(now - WINDOW_SECONDS * 1000)}::uuid`.execute(tx)
  const countOf = (state: string): number => Number(states.find(one => one.state === state)?.count ?? 0)
  return {
    tenants: { active: countOf('active'), suspended: countOf('suspended'), deleting: countOf('deleting') },
    troubled: troubled.map(({ id, failed, ...tenant }) => ({ tenantId: id, ...tenant, failed: Number(failed) })),
    eventsPerSecond: Number(paced?.count ?? 0) / WINDOW_SECONDS,
  }
}
