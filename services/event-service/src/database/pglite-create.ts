/** Makes a PGlite with everything that the tables and the search ask for. */

import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { unaccent } from '@electric-sql/pglite/contrib/unaccent'
import { ImageFolder, type PgliteImage } from './pglite-image.ts'

/** Where PGlite keeps its data. */
export interface PgliteFolder {
  /** Folder; in memory when missing. The caller holds its lock: PGlite has none. */
  dataDir?: string
  /** What a folder in memory begins with, instead of an empty cluster. */
  image?: PgliteImage
}

const extensions = { btree_gin, pg_trgm, unaccent }

/** What begins with an image is small and short-lived: PostgreSQL writes all of its buffers once when it starts, which for 128 MB takes a tenth of a second. */
const small = { startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'] }

/** Opens one in this thread. */
export function createPglite({ dataDir, image }: PgliteFolder = {}): Promise<PGlite> {
  return PGlite.create({ ...dataDir && { dataDir }, ...image && { fs: new ImageFolder(image), ...small }, extensions })
}

/**
 * The image that a PGlite leaves behind after some work.
 * @param from what it begins with. @default an empty cluster, whose log is kept small
 */
export async function imageAfter(work: (pglite: PGlite) => Promise<void>, from?: PgliteImage): Promise<PgliteImage> {
  const left = Promise.withResolvers<PgliteImage>()
  const pglite = await PGlite.create({ fs: new ImageFolder(from, left.resolve), initDbStartParams: ['--wal-segsize=1'], extensions })
  try {
    await work(pglite)
  } finally {
    await pglite.close()
  }
  return left.promise
}
