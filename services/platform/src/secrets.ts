/** Secrets that were not given: made once, kept in the data folder, readable by its owner alone. */

import { randomBytes } from 'node:crypto'
import { createKeySet, createRotatingKeys, readKeySet, type KeySet, type KeySetJson, type RotatingKeys } from '@neo-stack/event-service'
import { DataFolderError, type DataFolder } from './data-folder.ts'

const FILE = 'keys.json'
const INSTANCE_KEY = 'instance-key.json'

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

/** Reads the key that instances' secrets are derived from, or makes it the first time. @throws {DataFolderError} when the file is damaged */
export function openInstanceKey(folder: DataFolder): Uint8Array {
  const kept = folder.readJson(INSTANCE_KEY) as { key?: unknown } | undefined
  if (kept !== undefined) {
    const key = Buffer.from(typeof kept.key === 'string' ? kept.key : '', 'base64url')
    if (key.length >= 32) return key
    throw new DataFolderError(`The file ${folder.path}/${INSTANCE_KEY} does not hold a key: restore it, without it the passwords of deployed instances are lost.`)
  }
  const key = randomBytes(32)
  folder.writeJson(INSTANCE_KEY, { key: key.toString('base64url') })
  return key
}

/** The same, to be rotated while the process runs. */
export async function openRotatingKeys(folder: DataFolder): Promise<RotatingKeys> {
  return createRotatingKeys({ keys: await openKeys(folder), keep: json => { folder.writeJson(FILE, json) } })
}
