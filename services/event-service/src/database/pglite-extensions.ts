/** What PGlite has besides PostgreSQL's own. */

import type { Extensions } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { unaccent } from '@electric-sql/pglite/contrib/unaccent'

/** By name. */
export const extensions: Extensions = { btree_gin, pg_trgm, unaccent }
