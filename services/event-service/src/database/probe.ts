/** Looks at a PostgreSQL without changing anything in it: what `platform doctor` judges. */

import pg from 'pg'
import { knownMigrations } from './migrations.ts'

/** Milliseconds that it has for its answer. */
const TIMEOUT_MS = 3000

/** Extensions of PostgreSQL that the search needs. */
const EXTENSIONS = ['pg_trgm', 'unaccent']

/** What a PostgreSQL says of itself. */
export interface PostgresFacts {
  /** As `server_version_num`, such as 150018. */
  version: number
  /** Its clock, milliseconds since the Unix epoch. */
  now: number
  /** Extensions that are not available there. */
  missingExtensions: string[]
  /** Migrations that this code has and the database has not; all of them in an empty one. */
  pending: string[]
  /** Migrations of the database that this code does not know: it is older than the database. */
  unknown: string[]
}

/** Looks at a database. Rejects when it cannot be reached. */
export async function probePostgres(url: string): Promise<PostgresFacts> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows: [facts] } = await client.query<{ version: number, now: string, found: string[], migrated: boolean }>(`select current_setting('server_version_num')::int as version,
      extract(epoch from clock_timestamp()) * 1000 as now, array(select name::text from pg_available_extensions where name = any($1)) as found, to_regclass('migrations') is not null as migrated`, [EXTENSIONS])
    const applied = facts?.migrated ? (await client.query<{ name: string }>('select name from migrations')).rows.map(({ name }) => name) : []
    return {
      version: facts?.version ?? 0, now: Number(facts?.now), missingExtensions: EXTENSIONS.filter(name => !facts?.found.includes(name)),
      pending: knownMigrations.filter(name => !applied.includes(name)), unknown: applied.filter(name => !knownMigrations.includes(name)),
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}
