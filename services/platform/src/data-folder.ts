/**
 * The data folder: made with mode 0700, locked before the database is opened. PGlite has no lock, and two processes on one
 * folder lose committed rows; the lock is SQLite's, so the kernel lets go of it when the process dies, however it dies.
 */

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The database in the folder could not be opened. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

/** The data folder cannot be used; the message is one sentence for a person. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** A locked data folder. */
export interface DataFolder {
  path: string
  /** Folder of the embedded database. */
  database: string
  /** Reads a JSON file, `undefined` when it is missing. @throws {DataFolderError} when it is damaged */
  readJson: (name: string) => unknown
  /** Replaces a JSON file in one step, mode 0600. */
  writeJson: (name: string, value: unknown) => void
  unlock: () => void
}

/** Creates and locks a data folder. @throws {DataFolderError} */
export function openDataFolder(folder: string): DataFolder {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new DataFolderError(`The data folder ${folder} cannot be made: ${reasonOf(error)}.`, { cause: error })
  }
  const lock = lockFolder(folder)
  return {
    path: folder,
    database: path.join(folder, 'database'),
    readJson: name => readJsonFile(path.join(folder, name)),
    writeJson: (name, value) => writeJson(path.join(folder, name), value),
    unlock: () => { if (lock.isOpen) lock.close() },
  }
}

function lockFolder(folder: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path.join(folder, 'lock'))
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    return lock
  } catch (error) {
    lock?.close()
    const isHeld = error instanceof Error && 'errcode' in error && error.errcode === 5
    throw new DataFolderError(isHeld
      ? `The data folder ${folder} is in use by another process: stop it, or set NEO_DATA_DIR to another folder.`
      : `The data folder ${folder} cannot be written: ${reasonOf(error)}.`, { cause: error })
  }
}

/** Reads a JSON file of a data folder, `undefined` when it is missing. @throws {DataFolderError} when it is damaged */
export function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new DataFolderError(`The file ${file} cannot be read: ${reasonOf(error)}.`, { cause: error })
  }
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
}

/** The reason of an error as a short phrase. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]?.replace(/\.$/, '') ?? error.name : String(error)
}
