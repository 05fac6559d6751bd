/** Backs a database up into one file: every table as it stands at one moment, while others write. */

import { CompiledQuery } from 'kysely'
import type { KeySetJson } from '../auth/keys.ts'
import type { Database } from '../database/database.ts'
import { digestTable, listColumns, listTables, takenOf, type Ask } from '../database/tables.ts'
import { toHeaderLine, toLine, toRowsLine, writeBackupFile } from './file.ts'

/** What a backup holds beside the tables, and where it goes. */
export interface BackupOptions {
  /** A name that is not taken. */
  file: string
  keys: KeySetJson
  /** JSON files of the data folder by name. @default none */
  files?: Readonly<Record<string, unknown>>
  now?: () => number
}

/** What was written. */
export interface BackupSummary { tables: number, rows: number }

/** These stand in the header, in one form for both columns. */
export const keyTables: ReadonlySet<string> = new Set(['signing_keys', 'installation_secrets'])

/** Rows of one line. */
const BATCH = 250

/**
 * Backs up. On PostgreSQL nobody waits; PGlite has one connection, so that others wait until the last row is read.
 * @throws {BackupError} when the file is there already
 */
export async function writeBackup(database: Database, options: BackupOptions): Promise<BackupSummary> {
  return database.inSystem(async tx => {
    const ask: Ask = async <T>(text: string, values: unknown[] = []) => (await tx.executeQuery(CompiledQuery.raw(text, values))).rows as T[]
    await ask(`select set_config('role', 'none', true), set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`)
    return exportTables(ask, options)
  }, { snapshot: true })
}

/** Writes the tables as an open transaction sees them. */
export async function exportTables(ask: Ask, { file, keys, files = {}, now = Date.now }: BackupOptions): Promise<BackupSummary> {
  await ask(`set local timezone to 'UTC'`)
  const [epoch] = await ask<{ value: unknown }>(`select value from settings where key = 'log_epoch'`)
  const migrations = (await ask<{ name: string }>('select name from migrations order by name')).map(({ name }) => name)
  const summary: BackupSummary = { tables: 0, rows: 0 }
  async function* lines(): AsyncGenerator<string> {
    yield toHeaderLine({ madeAt: new Date(now()).toISOString(), logEpoch: String(epoch?.value), migrations, keys, files })
    for (const name of await listTables(ask)) {
      if (keyTables.has(name)) continue
      summary.rows += yield* exportTable(ask, name)
      summary.tables++
    }
  }
  await writeBackupFile(file, lines())
  return summary
}

async function* exportTable(ask: Ask, name: string): AsyncGenerator<string, number> {
  const columns = await listColumns(ask, name)
  const list = columns.join(', ')
  yield toLine({ table: name, columns })
  await ask(`declare backup_rows no scroll cursor for select row_to_json(t)::text as row from (select ${list} from ${name} where ${takenOf(name)}) t`)
  for (;;) {
    const batch = await ask<{ row: string }>(`fetch ${BATCH} from backup_rows`)
    if (batch.length === 0) break
    yield toRowsLine(batch.map(({ row }) => row))
  }
  await ask('close backup_rows')
  const { rows, sum } = await digestTable({ ask, name, columns: list })
  yield toLine({ end: name, rows, sum })
  return rows
}
