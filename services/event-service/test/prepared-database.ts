import { readFile } from 'node:fs/promises'
import { inject } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openPglite, type PgliteOptions } from '../src/database/pglite.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { copyDatabase } from './postgres-server.ts'

/** A migrated database of its own, a copy of the one that the global setup made, of the kind the project tests; the caller closes it. */
export async function openPrepared(options: Pick<PgliteOptions, 'inThread'> = {}): Promise<Database> {
  const server = inject('postgresUrl')
  if (server !== undefined) return openPostgres({ url: await copyDatabase(server), connections: 5 })
  return openPglite({ ...options, loadFrom: new Blob([await readFile(inject('preparedDatabase') ?? '')]) })
}
