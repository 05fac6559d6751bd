/** `backup`, `restore` and `verify`, for both columns, while the platform runs or not. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkBackupFile, openPglite, openSharedKeys, restoreBackup, verifyDatabase, writeBackup, type BackupOptions, type BackupSummary, type Database, type DataState, type Restored } from '@neo-stack/event-service'
import type { Config } from './config.ts'
import { askRunning, type CommandHandler } from './control.ts'
import { DatabaseError, openDataFolder, type DataFolder } from './data-folder.ts'
import { openDatabase } from './embedded.ts'
import type { Again } from './keep-started.ts'
import { openSharedDatabase } from './scale-out.ts'
import { INSTANCE_KEY, openRotatingKeys, SHARED_INSTANCE_KEY } from './secrets.ts'

/** A command: what it works on and whom it tells. */
export interface BackupCommand {
  config: Config
  tell: (sentence: string) => void
}

/** Files of the data folder that belong to the data. */
const FILES = [INSTANCE_KEY, 'demo.json', 'demo-history.json']

/** Backs up into a new file. @throws {BackupError | DatabaseError} */
export async function backUp({ config, tell }: BackupCommand, name: string): Promise<void> {
  const file = path.resolve(name)
  const { tables, rows } = await askOrOpen({ config, command: { do: 'backup', file } }, (database, secrets) => writeBackup(database, { file, ...secrets })) as BackupSummary
  tell(`${rows} rows of ${tables} tables are in ${file}. It holds secrets: keep it where only you can read it.`)
}

/** Looks at a backup, by restoring it into a database that is thrown away, or at the data itself. @returns whether all is well */
export async function verify({ config, tell }: BackupCommand, name: string | undefined): Promise<boolean> {
  const state = name === undefined
    ? await askOrOpen({ config, command: { do: 'verify' } }, verifyDatabase) as DataState
    : await rehearse(path.resolve(name))
  for (const fault of state.faults) tell(fault)
  if (state.faults.length === 0) tell(`${state.events} events in ${state.channels} channels without a hole, ${state.auditEntries} entries of the audit trail without a broken link.`)
  return state.faults.length === 0
}

/** Restores a backup; what is there is replaced only where that is said, and is backed up beside the file first. @throws {BackupError | DatabaseError} */
export async function restore({ config, tell }: BackupCommand, name: string, isReplacing: boolean): Promise<void> {
  const file = path.resolve(name)
  // Before anybody is made to wait; where nothing is, nothing waits.
  if (isReplacing) await rehearse(file)
  const before = path.join(path.dirname(file), `before-restore-${new Date().toISOString().replaceAll(':', '-')}.backup`)
  const restored = config.scaleOut ? await restoreShared({ config, file, before, isReplacing }, config.scaleOut.databaseUrl) : await restoreEmbedded({ config, file, before, isReplacing })
  if (restored.hasReplaced) tell(`What was there is in ${before}.`)
  tell(`${restored.rows} rows of ${restored.tables} tables were restored as they were at ${restored.header.madeAt}: ${restored.events} events in ${restored.channels} channels without a hole.`)
  tell(`The log is now ${restored.logEpoch}: readers take a new snapshot.`)
}

/** What the process that has an embedded database open does for these commands. */
export function createCommandHandler({ folder, database, keys, again }: { folder: DataFolder, database: Database, keys: { toJSON: () => BackupOptions['keys'] }, again: Again }): CommandHandler {
  return async (command, answer, isOver) => {
    if (command.do === 'backup') answer(await writeBackup(database, { file: command.file, ...readSecrets(folder, keys) }))
    if (command.do === 'verify') answer(await verifyDatabase(database))
    if (command.do === 'hold') again(async () => {
      answer(null)
      await isOver
    })
  }
}

type Secrets = Pick<BackupOptions, 'keys' | 'files'>

function readSecrets(folder: Pick<DataFolder, 'readJson'>, keys: { toJSON: () => BackupOptions['keys'] }): Secrets {
  return { keys: keys.toJSON(), files: Object.fromEntries(FILES.map(name => [name, folder.readJson(name)] as const).filter(([, value]) => value !== undefined)) }
}

/** Works on the database of the configuration, through the process that has it open where there is one. */
async function askOrOpen<T>({ config, command }: { config: Config, command: Parameters<typeof askRunning>[1] }, run: (database: Database, secrets: Secrets) => Promise<T>): Promise<unknown> {
  const { scaleOut } = config
  if (scaleOut) return withShared(scaleOut.databaseUrl, async database => run(database, await readSharedSecrets(database)))
  const running = await askRunning(config.dataDir, command)
  if (running) {
    running.release()
    return running.value
  }
  assertThere(config.dataDir)
  return withFolder(config.dataDir, async folder => withDatabase(folder, async database => run(database, readSecrets(folder, await openRotatingKeys(folder)))))
}

async function withShared<T>(url: string, run: (database: Database) => Promise<T>): Promise<T> {
  const database = await openSharedDatabase(url, () => undefined)
  try {
    return await run(database)
  } finally {
    await database.close()
  }
}

function assertThere(dataDir: string): void {
  if (!existsSync(path.join(dataDir, 'database'))) throw new DatabaseError(`There is no database in ${dataDir}: set NEO_DATA_DIR to the data folder.`)
}

async function withFolder<T>(dataDir: string, run: (folder: DataFolder) => Promise<T>): Promise<T> {
  const folder = openDataFolder(dataDir)
  try {
    return await run(folder)
  } finally {
    folder.unlock()
  }
}

async function withDatabase<T>(folder: DataFolder, run: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(folder)
  try {
    return await run(database)
  } finally {
    await database.close()
  }
}

/** In the same form as those of a folder, so that a backup of either column can be restored into the other. */
async function readSharedSecrets(database: Database): Promise<Secrets> {
  const keys = await openSharedKeys({ database })
  keys.close()
  const { rows: [kept] } = await database.jobs.executeSql('select value from installation_secrets where name = $1', [SHARED_INSTANCE_KEY]) as { rows: { value: string }[] }
  return { keys: keys.toJSON(), files: kept ? { [INSTANCE_KEY]: { key: kept.value } } : {} }
}

async function rehearse(file: string): Promise<Restored> {
  await checkBackupFile(file)
  const dataDir = mkdtempSync(path.join(tmpdir(), 'neo-verify-'))
  try {
    const database = await openPglite({ dataDir })
    try {
      return await restoreBackup({ file, to: { database } })
    } finally {
      await database.close()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

interface Restoring { config: Config, file: string, before: string, isReplacing: boolean }

/** A running platform closes, lets the folder go while this command has it, and starts again, whatever comes of it. */
async function restoreEmbedded({ config, file, before, isReplacing }: Restoring): Promise<Restored> {
  const running = isReplacing ? await askRunning(config.dataDir, { do: 'hold' }) : undefined
  try {
    return await withFolder(config.dataDir, async folder => withDatabase(folder, async database => {
      const replacing = isReplacing ? { file: before, ...readSecrets(folder, await openRotatingKeys(folder)) } : undefined
      const restored = await restoreBackup({ file, to: { database }, ...replacing && { replacing } })
      folder.writeJson('keys.json', restored.keys)
      for (const name of FILES) if (Object.hasOwn(restored.header.files, name)) folder.writeJson(name, restored.header.files[name])
      return restored
    }))
  } finally {
    running?.release()
  }
}

/** Processes that run find the other epoch by themselves. */
async function restoreShared({ file, before, isReplacing }: Restoring, url: string): Promise<Restored> {
  const secrets = isReplacing ? await withShared(url, readSharedSecrets) : undefined
  return restoreBackup({ file, to: { url }, secretsOf: readInstanceSecret, ...secrets && { replacing: { file: before, ...secrets } } })
}

function readInstanceSecret({ files }: Restored['header']): Record<string, string> {
  const kept = files[INSTANCE_KEY] as { key?: unknown } | undefined
  return typeof kept?.key === 'string' ? { [SHARED_INSTANCE_KEY]: kept.key } : {}
}
