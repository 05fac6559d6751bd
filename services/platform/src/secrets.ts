/** Secrets that were not given: made once, kept in the data folder, readable by its owner alone. */

import { createKeySet, readKeySet, type KeySet, type KeySetJson } from '@neo-stack/event-service'
import { DataFolderError, type DataFolder } from './data-folder.ts'

const FILE = 'keys.json'

/** Reads the signing keys, or makes them the first time. @throws {DataFolderError} when the file is damaged */
export async function openKeys(folder: DataFolder): Promise<KeySet> {
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
