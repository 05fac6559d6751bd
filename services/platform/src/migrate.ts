/** Moves the data of the embedded column to the PostgreSQL of the scale-out column. */

import { existsSync } from 'node:fs'
import { moveToPostgres, MoveError } from '@neo-stack/event-service'
import { DatabaseError, openDataFolder, reasonOf } from './data-folder.ts'
import { openDatabase } from './embedded.ts'
import { openRotatingKeys, readInstanceKey, SHARED_INSTANCE_KEY } from './secrets.ts'

/** What is moved where. */
export interface MigrateOptions {
  /** The data folder; no platform may run on it. */
  folder: string
  /** Address of an empty PostgreSQL database, as its owner. */
  to: string
  /** Told what was done. */
  tell: (sentence: string) => void
}

/** Moves everything; the folder stays as it is. @throws {DatabaseError} with what is in the way, nothing moved */
export async function migrateTo({ folder: name, to, tell }: MigrateOptions): Promise<void> {
  const folder = openDataFolder(name)
  try {
    if (!existsSync(folder.database)) throw new DatabaseError(`There is no database in ${name}: set NEO_DATA_DIR to the data folder.`)
    const from = await openDatabase(folder)
    try {
      const { keys, secret } = (await openRotatingKeys(folder)).toJSON()
      const instanceKey = readInstanceKey(folder)
      const secrets = instanceKey === undefined ? {} : { [SHARED_INSTANCE_KEY]: instanceKey.toString('base64url') }
      const moved = await moveToPostgres({ from, to, keys: { keys, secret }, secrets, onMoved: table => { tell(`${table.name}: ${table.rows}`) } })
      tell(`Moved ${moved.reduce((sum, { rows }) => sum + rows, 0)} rows of ${moved.length} tables; each is the same on both sides.`)
    } finally {
      await from.close()
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError(error instanceof MoveError ? error.message : `The data could not be moved: ${reasonOf(error)}. Nothing was moved.`, { cause: error })
  } finally {
    folder.unlock()
  }
}
