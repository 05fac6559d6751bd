/** Reads the audit trail, page by page, and checks that no entry was changed or taken away. */

import { sql } from 'kysely'
import { USER_ID, type AuditEntry, type AuditPage, type AuditVerification } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { hasPart } from '../database/like.ts'
import { Problem } from '../errors.ts'

/** Which entries, newest first. */
export interface AuditSearch {
  q?: string | undefined
  action?: string | undefined
  kind?: 'acts' | 'reads' | undefined
  actor?: string | undefined
  /** ISO times, both included. */
  from?: string | undefined
  to?: string | undefined
  limit: number
  /** `next` of the page before. */
  cursor?: string | undefined
}

/** A page of a tenant's trail, or of everybody's. @throws {Problem} `invalid_request` for a cursor that is none */
export function listAudit(database: Database, tenantId: string | undefined, search: AuditSearch): Promise<AuditPage> {
  if (search.cursor !== undefined && !USER_ID.test(search.cursor)) {
    throw new Problem('invalid_request', { errors: [{ path: 'cursor', message: 'is none of ours' }] })
  }
  const read = (tx: Tx): Promise<AuditPage> => readPage(tx, tenantId, search)
  return tenantId === undefined ? database.inSystem(read) : database.inTenant(tenantId, read)
}

async function readPage(tx: Tx, tenantId: string | undefined, { q, action, kind, actor, from, to, limit, cursor }: AuditSearch): Promise<AuditPage> {
  // Asked for each entry of the page: as a join everybody would be read, as the policy stands before a condition that is not leakproof.
  const actorName = sql<string | null>`(select name from users where users.id = case when actor ->> 'type' = 'user' and actor ->> 'id' ~ ${USER_ID.source} then (actor ->> 'id')::uuid end)`
  let select = tx.selectFrom('audit')
    .select(['audit.id', 'audit.tenant_id', 'audit.n', 'time', 'actor', 'action', 'target', 'address', 'detail', 'hash', actorName.as('actor_name')])
  if (tenantId !== undefined) select = select.where('audit.tenant_id', '=', tenantId)
  for (const word of q?.split(/\s+/) ?? []) select = select.where(hasPart(sql.ref('audit.plain'), word))
  if (action !== undefined) select = select.where('action', '=', action)
  if (kind !== undefined) select = select.where('action', kind === 'reads' ? '=' : '<>', 'tenant.read')
  if (actor !== undefined) select = select.where(sql`actor ->> 'id'`, '=', actor)
  if (from !== undefined) select = select.where('time', '>=', new Date(from))
  if (to !== undefined) select = select.where('time', '<=', new Date(to))
  if (cursor !== undefined) select = select.where('audit.id', '<', cursor)
  const rows = await select.orderBy('audit.id', 'desc').limit(limit + 1).execute()
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { entries: shown.map(toEntry), ...rows.length > limit && last && { next: last.id } }
}

interface Row {
  id: string
  tenant_id: string
  n: number | string
  time: Date
  actor: AuditEntry['actor']
  action: string
  target: string
  address: string | null
  detail: Record<string, unknown>
  hash: string
  actor_name: string | null
}

function toEntry({ id, tenant_id: tenantId, n, time, actor, action, target, address, detail, hash, actor_name: name }: Row): AuditEntry {
  return {
    tenantId, n: Number(n), id, time: time.toISOString(), actor, ...name !== null && { actorName: name }, action, target,
    ...address !== null && { address }, detail, hash,
  }
}

/** Checks the chain of one tenant. */
export function verifyAudit(database: Database, tenantId: string): Promise<AuditVerification> {
  return database.inTenant(tenantId, tx => verifyChain(tx, tenantId), { snapshot: true })
}

/** Checks every chain, one after the other, in the order of tenants. */
export async function verifyAllAudit(database: Database): Promise<AuditVerification[]> {
  const heads = await database.inSystem(tx => tx.selectFrom('audit').select('tenant_id').distinct()
    .union(tx.selectFrom('audit_heads').select('tenant_id')).orderBy('tenant_id').execute())
  const found: AuditVerification[] = []
  for (const { tenant_id: tenantId } of heads) found.push(await verifyAudit(database, tenantId))
  return found
}

async function verifyChain(tx: Tx, tenantId: string): Promise<AuditVerification> {
  const { rows: [broken] } = await sql<{ at: string | number }>`select position as at from (
      select entry.n, entry.hash, row_number() over chain as position, neo_audit_hash(coalesce(lag(entry.hash) over chain, ''), entry) as expected
      from audit entry where entry.tenant_id = ${tenantId} window chain as (order by entry.n)
    ) links where hash <> expected or n <> position order by position limit 1`.execute(tx)
  const end = await tx.selectFrom('audit').select(['n', 'hash']).where('tenant_id', '=', tenantId).orderBy('n', 'desc').limit(1).executeTakeFirst()
  const head = await tx.selectFrom('audit_heads').select(['n', 'hash']).where('tenant_id', '=', tenantId).executeTakeFirst()
  const entries = Number(end?.n ?? 0)
  // The trail ends elsewhere than it says: what came last was cut off.
  const isCut = entries !== Number(head?.n ?? 0) || (end?.hash ?? '') !== (head?.hash ?? '')
  const brokenAt = broken ? Number(broken.at) : isCut ? entries + 1 : undefined
  return { tenantId, entries, isWhole: brokenAt === undefined, ...brokenAt !== undefined && { brokenAt } }
}
