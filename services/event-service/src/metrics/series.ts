/** Reads samples of a tenant, or of the host (tenant `platform`). */

import { sql } from 'kysely'
import type { MetricsSeries } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'

/** A range in seconds since 1970, and the width of a point. */
export interface SeriesRange {
  from?: number | undefined
  to?: number | undefined
  step?: number | undefined
}

/** Seconds a question without `from` looks back, and the most points of an answer. */
const DEFAULT_SECONDS = 20
const MAX_POINTS = 2000

/**
 * Samples of a range, averaged over `step` seconds; a step that would give too many points is widened.
 * @throws {Problem} `invalid_request` for a range that ends before it begins
 */
export async function readSeries(database: Database, tenantId: string, range: SeriesRange, now: number): Promise<MetricsSeries> {
  const to = range.to ?? Math.floor(now / 1000)
  const from = range.from ?? to - DEFAULT_SECONDS + 1
  if (from > to) throw new Problem('invalid_request', { errors: [{ path: 'from', message: 'must not be after to' }] })
  const step = Math.max(range.step ?? 1, Math.ceil((to - from + 1) / MAX_POINTS))
  const samples = await database.inTenant(tenantId, async tx => {
    const place = sql<number>`at / ${sql.lit(step)} * ${sql.lit(step)}`
    const rows = await tx.selectFrom('metric_samples').select(({ fn }) => [
      place.as('place'), fn.avg('cpu').as('cpu'), fn.avg('memory').as('memory'), fn.avg('disk').as('disk'), fn.avg('network_in').as('networkIn'),
      fn.avg('network_out').as('networkOut'), fn.max('active_instances').as('activeInstances'), fn.max('uptime').as('uptime'),
      sql<boolean>`bool_or(simulated)`.as('simulated'),
    ]).where('tenant_id', '=', tenantId).where('at', '>=', from).where('at', '<=', to).groupBy(place).orderBy(place).execute()
    return rows.map(({ place: at, simulated, ...figures }) => ({
      cpu: Number(figures.cpu), memory: Number(figures.memory), disk: Number(figures.disk), networkIn: Number(figures.networkIn),
      networkOut: Number(figures.networkOut), activeInstances: Number(figures.activeInstances), uptime: Number(figures.uptime),
      at: Number(at), ...simulated && { simulated },
    }))
  })
  return { samples, step }
}
