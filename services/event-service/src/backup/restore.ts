/**
 * Restores a backup in one transaction: all of it or nothing. The log gets another epoch, by which readers that followed the one before
 * know that their past is gone and take a new snapshot. What was shut out since the backup stays shut out, and nobody is signed out.
 */

import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { KeySetJson } from '../auth/keys.ts'
import { knownMigrations } from '../database/migrations.ts'
import { digestTable, insertRows, listColumns, listTables, type Ask } from '../database/tables.ts'
import { BackupError, checkBackupFile, readBackupFile, type BackupHeader } from './file.ts'
import { keepAside, putBack } from './kept.ts'
import { announceEpoch, listLogs } from './announce.ts'
import { withTarget, type RestoreTo } from './target.ts'
import { examineData, type DataState } from './verify.ts'
import { exportTables, keyTables, type BackupOptions } from './write.ts'

/** What is restored, and where. */
export interface RestoreOptions {
  file: string
  to: RestoreTo
  /** Where what is there is backed up before it is replaced; without it only an empty database is restored into. */
  replacing?: Omit<BackupOptions, 'now'>
  /** Further secrets of processes that share the database, of what the backup says. @default none */
  secretsOf?: (header: BackupHeader) => Readonly<Record<string, string>>
  /** Told of each table that was restored. */
  onRestored?: (table: { name: string, rows: number }) => void
}

/** What was restored. */
export interface Restored extends DataState {
  tables: number
  rows: number
  /** The new one. */
  logEpoch: string
  /** Keys that the installation has from now on: its own ones, or where it had none the backup's. */
  keys: KeySetJson
  header: BackupHeader
  /** Whether something was replaced. */
  hasReplaced: boolean
}

/** Restores. @throws {BackupError} with what is in the way; nothing was changed then */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  // Read to its end before anything is touched.
  const header = await checkBackupFile(options.file)
  assertMigrations(options.file, header)
  let isAgain = false
  return withTarget(options.to, async (ask, isShared) => {
    // What an attempt before this one kept is older than what is there now.
    if (isAgain && options.replacing) await rm(options.replacing.file, { force: true })
    isAgain = true
    return restoreInto({ ...options, ask, isShared, header })
  })
}

/** Rows fit the tables of the same migrations only. */
function assertMigrations(file: string, { migrations }: BackupHeader): void {
  const unknown = migrations.filter(name => !knownMigrations.includes(name))
  const missing = knownMigrations.filter(name => !migrations.includes(name))
  if (unknown.length > 0) throw new BackupError(`${file} was made by a newer build (it knows ${unknown.join(', ')}): restore it with that one.`)
  if (missing.length > 0) throw new BackupError(`${file} was made by an older build (it lacks ${missing.join(', ')}): restore it with that one, then start this one, which migrates it.`)
}

interface Restoring extends RestoreOptions {
  ask: Ask
  /** Whether several processes and Centrifugo work on the database. */
  isShared: boolean
  header: BackupHeader
}

async function restoreInto(restoring: Restoring): Promise<Restored> {
  const { ask, isShared, header, replacing, secretsOf = () => ({}) } = restoring
  await ask(`set local timezone to 'UTC'`)
  await ask(`select set_config('neo.tenant', '*', true)`)
  const names = await listTables(ask)
  const [held] = await ask<{ name: string }>(`select 'users' as name from users union all select 'events' from events union all select 'audit' from audit limit 1`)
  if (held && !replacing) throw new BackupError(`The database is not empty: its table ${held.name} holds rows. --replace replaces it, after it was backed up.`)
  const logs = await listLogs(ask)
  if (held && replacing) {
    // Everybody waits: nothing is accepted that the backup of what was there does not hold, and no lock is left to wait for.
    await ask(`lock table ${names.join(', ')} in access exclusive mode`)
    await exportTables(ask, replacing)
    await keepAside(ask)
  }
  const emptied = names.filter(name => !keyTables.has(name))
  await clear(ask, emptied)
  const rows = await loadTables(restoring, emptied)
  for (const name of emptied.filter(isOurs)) await ask(`alter table ${name} enable trigger user`)
  if (held) await putBack(ask)
  const keys: KeySetJson = held && replacing ? { ...replacing.keys, secret: header.keys.secret } : header.keys
  if (isShared) await putKeys(ask, keys, secretsOf(header))
  const logEpoch = randomBytes(4).toString('hex')
  await ask(`update settings set value = to_jsonb($1::text) where key = 'log_epoch'`, [logEpoch])
  if (isShared) await announceEpoch(ask, { logEpoch, logs: [...logs, ...await listLogs(ask)] })
  const state = await examineData(ask)
  if (state.faults.length > 0) throw new BackupError(`The backup does not hang together: ${state.faults.join(' ')}`)
  return { ...state, tables: emptied.length, rows, logEpoch, keys, header, hasReplaced: held !== undefined }
}

/** The queue's triggers are not ours to stop. */
const isOurs = (name: string): boolean => !name.includes('.')

/** The chain of the audit trail is restored as it is, not linked anew, and its rows may go for once. */
async function clear(ask: Ask, names: readonly string[]): Promise<void> {
  for (const name of names.filter(isOurs)) await ask(`alter table ${name} disable trigger user`)
  await ask(`truncate ${names.join(', ')}`)
}

/** What stands in the file goes into statements only where it is a table or column of ours. */
async function loadTables({ ask, file, onRestored = () => undefined }: Restoring, names: readonly string[]): Promise<number> {
  let total = 0
  let open: { name: string, columns: string } | undefined
  for await (const part of readBackupFile(file)) {
    if (part.kind === 'table') {
      const own = names.includes(part.name) ? await listColumns(ask, part.name) : []
      if (own.length === 0 || part.columns.some(column => !own.includes(column))) throw new BackupError(`${file} holds a table ${part.name} of another form.`)
      open = { name: part.name, columns: part.columns.join(', ') }
    }
    if (part.kind === 'rows' && open) await insertRows({ ask, ...open }, part.rows)
    if (part.kind === 'end' && open) {
      const is = await digestTable({ ask, ...open })
      if (is.rows !== part.rows || is.sum !== part.sum) throw new BackupError(`The table ${open.name} is not what was backed up (${part.rows} rows there, ${is.rows} here).`)
      total += is.rows
      onRestored({ name: open.name, rows: is.rows })
    }
  }
  return total
}

/** Keys of processes that share the database; the first one signs. A secret that the backup does not know stays. */
async function putKeys(ask: Ask, { secret, keys }: KeySetJson, others: Readonly<Record<string, string>>): Promise<void> {
  for (const named of Object.entries({ ...others, refresh: secret })) await ask('insert into installation_secrets (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value', named)
  const [{ count } = { count: 0 }] = await ask<{ count: number }>('select count(*)::int as count from signing_keys')
  if (count > 0) return
  for (const [age, jwk] of keys.entries()) await ask(`insert into signing_keys (kid, jwk, signs_from) values ($1, $2, now() - $3 * interval '1 second')`, [jwk.kid, JSON.stringify(jwk), age])
}
