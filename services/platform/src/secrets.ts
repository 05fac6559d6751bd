/** Secrets that were not given: made once, kept in the data folder, readable by its owner alone. */

import { randomBytes } from 'node:crypto'
import { createKeySet, createRotatingKeys, openSharedSecret, readKeySet, type Database, type KeySet, type KeySetJson, type RotatingKeys } from '@neo-stack/event-service'
import { DataFolderError, type DataFolder } from './data-folder.ts'

const FILE = 'keys.json'
/** The file of a data folder that holds the instance key. */
export const INSTANCE_KEY = 'instance-key.json'

/** Reads the signing keys, or makes them the first time. @throws {DataFolderError} when the file is damaged */
async function openKeys(folder: DataFolder): Promise<KeySet> {
  const kept = folder.readJson(FILE)
  if (kept !== undefined) {
    try {
      return await readKeySet(kept as KeySetJson)
    } catch (error) {
      throw new DataFolderError(`The file ${folder.path}/${FILE} does not hold signing keys: restore it, or remove it to sign everybody out.`, { cause: error })
    }
  }
  const keys = await createKeySet()
  folder.writeJson(FILE, keys.toJSON())
  return keys
}

/** Reads the key that instances' secrets are derived from, if one was made. @throws {DataFolderError} when the file is damaged */
export function readInstanceKey(folder: DataFolder): Buffer | undefined {
  const kept = folder.readJson(INSTANCE_KEY) as { key?: unknown } | undefined
  if (kept === undefined) return undefined
  const key = Buffer.from(typeof kept.key === 'string' ? kept.key : '', 'base64url')
  if (key.length >= 32) return key
  throw new DataFolderError(`The file ${folder.path}/${INSTANCE_KEY} does not hold a key: restore it, without it the passwords of deployed instances are lost.`)
}

/** Reads it, or makes it the first time. @throws {DataFolderError} when the file is damaged */
export function openInstanceKey(folder: DataFolder): Uint8Array {
  const kept = readInstanceKey(folder)
  if (kept !== undefined) return kept
  const key = randomBytes(32)
  folder.writeJson(INSTANCE_KEY, { key: key.toString('base64url') })
  return key
}

/** Name of the instance key among the secrets of an installation of several processes. */
export const SHARED_INSTANCE_KEY = 'instances'

/**
 * The key that all deployers of an installation share; one that a folder kept from before becomes it.
 * @throws {DataFolderError} when the folder keeps another one: instances were deployed with it
 */
export async function openSharedInstanceKey(database: Database, folder: DataFolder): Promise<Uint8Array> {
  const kept = readInstanceKey(folder)
  const key = Buffer.from(await openSharedSecret({ database, name: SHARED_INSTANCE_KEY, offer: (kept ?? randomBytes(32)).toString('base64url') }), 'base64url')
  if (kept === undefined || key.equals(kept)) return key
  throw new DataFolderError(`The key in ${folder.path}/${INSTANCE_KEY} is not this installation's: move the file away if no instance was deployed with it.`)
}

/** The signing keys, to be rotated while the process runs. */
export async function openRotatingKeys(folder: DataFolder): Promise<RotatingKeys> {
  return createRotatingKeys({ keys: await openKeys(folder), keep: json => { folder.writeJson(FILE, json) } })
}
