/** What happened at any tenant in a span of time: deployments and billing, without what they were about. */

import { sql } from 'kysely'
import { markTypes, type MarkList } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { lowestId } from './ids.ts'

/** A span in milliseconds since 1970, both ends included. */
export interface MarkSpan {
  from: number
  to: number
  limit: number
}

interface Row { id: string, tenant_id: string, type: MarkList['marks'][number]['type'], time: Date, has_failed: boolean }

/** Reads the newest of a span. */
export async function listMarks(database: Database, { from, to, limit }: MarkSpan): Promise<MarkList> {
  // The types are written out: only then the index of these types is used.
  const { rows } = await database.inSystem(tx => sql<Row>`select id, tenant_id, type, time, type = 'deployment_error' or coalesce(data ->> 'status', '') = 'failed' as has_failed from events
    where type in (${sql.join(markTypes.map(type => sql.lit(type)))}) and id >= ${lowestId(from)}::uuid and id < ${lowestId(to + 1)}::uuid order by id desc limit ${limit}`.execute(tx))
  return { marks: rows.map(({ id, tenant_id: tenantId, type, time, has_failed: isBad }) => ({ id, tenantId, type, time: time.toISOString(), isBad })) }
}
