/** Reads samples of a tenant, or of the host (tenant `platform`). */

import { sql } from 'kysely'
import type { Metrics, MetricsSeries } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { merged, seconds } from './rollups.ts'
import { FIGURES, pickTier } from './tiers.ts'

/** A range in seconds since 1970, and the width of a point. Without an end it is open: samples of clocks that run ahead of ours are in it. */
export interface SeriesRange {
  from?: number | undefined
  to?: number | undefined
  step?: number | undefined
}

/** Seconds a question without `from` looks back. */
const DEFAULT_SECONDS = 20

/** How far ahead of ours the clock of whoever pushes samples may run, in seconds. */
const AHEAD_SECONDS = 60

interface Row { place: number | string, count: number, low: number[], high: number[], total: number[], last: number[], simulated: boolean }

/**
 * Samples of a range from the finest tier that still has it and needs no more than 2,000 points; wider points merge those of the tier.
 * @throws {Problem} `invalid_request` for a range that ends before it begins
 */
export async function readSeries(database: Database, tenantId: string, range: SeriesRange, now: number): Promise<MetricsSeries> {
  const second = Math.floor(now / 1000)
  const from = range.from ?? (range.to ?? second) - DEFAULT_SECONDS + 1
  if (range.to !== undefined && from > range.to) throw new Problem('invalid_request', { errors: [{ path: 'from', message: 'must not be after to' }] })
  // Who asks for what came after the newest second asks for a future one.
  const to = range.to ?? Math.max(from, second) + AHEAD_SECONDS
  const { tier, step } = pickTier({ from, to: range.to ?? Math.max(from, second), step: range.step }, second)
  const width = sql.lit(step)
  const source = tier.step === 1 ? seconds : sql`(select * from metric_tiers where step = ${sql.lit(tier.step)})`
  const rows = await database.inTenant(tenantId, async tx => (await sql<Row>`select at / ${width} * ${width} as place, ${merged} from ${source} as points
    where tenant_id = ${tenantId} and at >= ${from - from % tier.step} and at <= ${to} group by 1 order by 1`.execute(tx)).rows)
  return { samples: rows.map(row => toSample(row, step)), step }
}

function toSample({ place, count, low, high, total, last, simulated }: Row, step: number): MetricsSeries['samples'][number] {
  const average = toFigures(FIGURES.map(({ isLevel }, index) => (isLevel ? last[index] : (total[index] ?? 0) / count) ?? 0))
  return {
    ...average, at: Number(place), ...simulated && { simulated },
    ...step > 1 && { count, low: toFigures(low), high: toFigures(high), last: toFigures(last) },
  }
}

const toFigures = (values: readonly number[]): Metrics => Object.fromEntries(FIGURES.map(({ name }, index) => [name, values[index] ?? 0])) as Metrics
