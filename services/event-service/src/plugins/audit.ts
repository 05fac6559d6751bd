/**
 * The audit trail: who did what, when, written in the transaction of the act itself. The database chains the rows of a tenant by hashes
 * and lets nobody change them. Appending holds the end of the tenant's chain until the commit: it comes after every other lock.
 */

import type { Actor } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { createIds } from '../publish/ids.ts'

/** One act. */
export interface AuditEntry {
  /** Whose trail it stands in: the tenant that was acted on. */
  tenantId: string
  actor: Actor
  /** A stable word: `session.created`, `key.created`, `tenant.read` … */
  action: string
  /** What was acted on: an identifier or a permission, never a secret. */
  target: string
  /** Where the request came from. */
  address?: string | undefined
  detail?: Readonly<Record<string, unknown>>
}

/** Entries are listed by their identifiers: two of one millisecond stand in the order in which they were made. */
const nextId = createIds()

/** Appends one row. `now` is milliseconds since 1970. */
export async function appendAudit(tx: Tx, entry: AuditEntry, now: number): Promise<void> {
  await tx.insertInto('audit').values({
    id: nextId(now),
    tenant_id: entry.tenantId,
    time: new Date(now),
    actor: JSON.stringify(entry.actor),
    action: entry.action,
    target: entry.target,
    address: entry.address ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
  }).execute()
}
