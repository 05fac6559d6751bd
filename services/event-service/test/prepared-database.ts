import { readFile } from 'node:fs/promises'
import { inject } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { createCopies, openPglite, type PgliteOptions } from '../src/database/pglite.ts'
import { readImage, type PgliteImage } from '../src/database/pglite-image.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { copyDatabase } from './postgres-server.ts'

let image: Promise<PgliteImage> | undefined

/** The database that the global setup made for PGlite. */
export const preparedImage = (): Promise<PgliteImage> => image ??= readFile(inject('preparedDatabase') ?? '').then(readImage)

const openCopy = createCopies(preparedImage)

/** A migrated database of its own, a copy of the one that the global setup made, of the kind the project tests; the caller closes it. `isNew`: in a connection that nobody had before. */
export async function openPrepared({ inThread = false, isNew = inThread }: Pick<PgliteOptions, 'inThread'> & { isNew?: boolean } = {}): Promise<Database> {
  const server = inject('postgresUrl')
  if (server !== undefined) return openPostgres({ url: await copyDatabase(server), connections: 5 })
  return isNew ? openPglite({ inThread, image: await preparedImage() }) : openCopy()
}
