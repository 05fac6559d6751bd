/** Whether what a database holds hangs together: logs without hole, an audit trail without a broken link. */

import { CompiledQuery } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Ask } from '../database/tables.ts'

/** What was looked at and what is wrong with it, a sentence each. */
export interface DataState {
  channels: number
  events: number
  auditEntries: number
  faults: string[]
}

/** Faults of one kind that are told. */
const TOLD = 20

/** Looks at a database as it stands at one moment. */
export function verifyDatabase(database: Database): Promise<DataState> {
  return database.inSystem(tx => examineData(async <T>(text: string, values: unknown[] = []) => (await tx.executeQuery(CompiledQuery.raw(text, values))).rows as T[]), { snapshot: true })
}

/** Looks at everything, in a transaction that sees all tenants. */
export async function examineData(ask: Ask): Promise<DataState> {
  const [counted] = await ask<{ channels: number, events: number, entries: number }>(
    'select (select count(*)::int from channels) as channels, (select count(*)::int from events) as events, (select count(*)::int from audit) as entries')
  return {
    channels: counted?.channels ?? 0, events: counted?.events ?? 0, auditEntries: counted?.entries ?? 0,
    faults: [...await findHoles(ask), ...await findBrokenLinks(ask), ...await findCutEnds(ask)],
  }
}

async function findHoles(ask: Ask): Promise<string[]> {
  const found = await ask<{ name: string, seq: string | number, oldest: string | number, kept: number }>(`
    select c.name, c.seq, c.oldest_seq as oldest, count(e.seq)::int as kept from channels c left join events e on e.channel = c.name group by c.name, c.seq, c.oldest_seq
    having count(e.seq) <> c.seq - c.oldest_seq + 1 or min(e.seq) <> c.oldest_seq or max(e.seq) <> c.seq order by c.name limit ${TOLD}`)
  return found.map(({ name, seq, oldest, kept }) => `The log of ${name} should hold ${oldest} to ${seq} without a hole and holds ${kept} events.`)
}

async function findBrokenLinks(ask: Ask): Promise<string[]> {
  const found = await ask<{ tenant: string, at: string | number }>(`
    select tenant_id as tenant, min(position) as at from (
      select entry.tenant_id, entry.n, entry.hash, row_number() over chain as position, neo_audit_hash(coalesce(lag(entry.hash) over chain, ''), entry) as expected
      from audit entry window chain as (partition by entry.tenant_id order by entry.n)
    ) links where hash <> expected or n <> position group by tenant_id order by tenant_id limit ${TOLD}`)
  return found.map(({ tenant, at }) => `The audit trail of ${tenant} is broken at entry ${at}.`)
}

async function findCutEnds(ask: Ask): Promise<string[]> {
  const found = await ask<{ tenant: string }>(`
    select tenant_id as tenant from audit_heads head full join (select distinct on (tenant_id) tenant_id, n, hash from audit order by tenant_id, n desc) entry using (tenant_id)
    where head.n is distinct from entry.n or head.hash is distinct from entry.hash order by tenant_id limit ${TOLD}`)
  return found.map(({ tenant }) => `The audit trail of ${tenant} does not end where it says.`)
}
