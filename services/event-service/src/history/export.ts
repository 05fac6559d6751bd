/** Exports the log as one JSON text per line, oldest first: short transactions, so that a slow reader holds nothing. */

import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { epochColumn } from '../database/position.ts'
import { inScope, toCondition } from './conditions.ts'
import type { Query } from './grammar.ts'
import { envelopeColumns, toEnvelope, type EpochRow } from './rows.ts'
import type { Scope } from './scope.ts'
import { anyWords, joinWords } from './words.ts'

/** Events of one transaction. */
const PAGE = 500

/** The lines of an export, a page of them at a time. What is written meanwhile belongs to it. */
export async function* exportEvents(database: Database, scope: Scope, query: Query): AsyncGenerator<string, void, undefined> {
  let after: string | undefined
  do {
    const rows = await database.inTenant(scope.tenantId, tx => readPage(tx, { scope, query, after }))
    after = rows.length === PAGE ? rows.at(-1)?.id : undefined
    if (rows.length > 0) yield rows.map(row => `${JSON.stringify(toEnvelope(row, row.log_epoch))}\n`).join('')
  } while (after !== undefined)
}

async function readPage(tx: Tx, { scope, query, after }: { scope: Scope, query: Query, after: string | undefined }): Promise<EpochRow[]> {
  const beyond = after === undefined ? sql`true` : sql`id > ${after}`
  const { rows } = await sql<EpochRow>`select ${sql.join(envelopeColumns.map(column => sql.ref(column)))}, ${epochColumn}
    from (select * from events where ${inScope(scope)} and ${beyond}) as found ${joinWords('found', scope.tenantId)}
    where ${toCondition(query, anyWords)} order by id limit ${PAGE}`.execute(tx)
  return rows
}
