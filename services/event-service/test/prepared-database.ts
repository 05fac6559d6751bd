import { readFile } from 'node:fs/promises'
import { inject } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openPglite } from '../src/database/pglite.ts'

/** A migrated database of its own, a copy of the one that the global setup made; the caller closes it. */
export async function openPrepared(): Promise<Database> {
  return openPglite({ loadFrom: new Blob([await readFile(inject('preparedDatabase'))]) })
}
