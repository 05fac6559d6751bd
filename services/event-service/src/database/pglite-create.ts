/** Makes a PGlite with everything that the tables and the search ask for. */

import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { unaccent } from '@electric-sql/pglite/contrib/unaccent'

/** Where PGlite keeps its data. */
export interface PgliteFolder {
  /** Folder; in memory when missing. The caller holds its lock: PGlite has none. */
  dataDir?: string
  /** A dump to start from instead of an empty cluster. */
  loadFrom?: Blob
}

const extensions = { btree_gin, pg_trgm, unaccent }

/** Opens one in this thread. */
export function createPglite({ dataDir, loadFrom }: PgliteFolder = {}): Promise<PGlite> {
  return PGlite.create({ ...dataDir && { dataDir }, ...loadFrom && { loadDataDir: loadFrom }, extensions })
}
