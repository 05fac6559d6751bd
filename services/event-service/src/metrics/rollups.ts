/**
 * Counts the coarser tiers. Whoever writes a sample marks its minute in the same transaction; the minute is counted again from what
 * it holds then, so that samples may come late, twice or not at all.
 */

import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '../database/database.ts'
import { FIGURES, TIERS } from './tiers.ts'

/** Late samples of minutes that lose their seconds soon are not counted: a part would replace the whole. */
const MARGIN_SECONDS = 300

/** Whether the minute of a sample is counted again; both in seconds since the Unix epoch. */
export const isCounted = ({ at, now }: { at: number, now: number }): boolean => at >= now - TIERS[0].keep + MARGIN_SECONDS

/** Counts up to `batch` marked minutes. @returns how many they were */
export async function rollUp(tx: Tx, batch: number): Promise<number> {
  const { rows } = await sql<{ tenant_id: string, minute: number | string }>`delete from metric_minutes where (tenant_id, minute) in (
    select tenant_id, minute from metric_minutes order by tenant_id, minute limit ${batch} for update skip locked) returning tenant_id, minute`.execute(tx)
  if (rows.length === 0) return 0
  const minutes = rows.map(({ tenant_id: tenant, minute }) => ({ tenant, start: Number(minute), width: 60 }))
  const hours = [...new Map(minutes.map(({ tenant, start }) => [`${tenant} ${start - start % 3600}`, { tenant, start: start - start % 3600, width: 3600 }])).values()]
  const [, ten, minute, hour] = TIERS
  await count(tx, { places: minutes, step: ten.step, source: seconds })
  await count(tx, { places: minutes, step: minute.step, source: seconds })
  await count(tx, { places: hours, step: hour.step, source: sql`(select * from metric_tiers where step = ${sql.lit(minute.step)})` })
  return rows.length
}

const listed = (toText: (column: string) => string): RawBuilder<unknown> => sql.raw(`array[${FIGURES.map(({ column }) => `${toText(column)}::float8`).join(', ')}]`)
const own = listed(column => column)

/** The samples themselves in the form of a tier. */
export const seconds: RawBuilder<unknown> = sql`(select tenant_id, at, 1 as count, ${own} as low, ${own} as high, ${own} as total, ${own} as last, simulated from metric_samples)`

/** Merges points of a tier into wider ones: the columns of `metric_tiers` from `count` on. */
export const merged: RawBuilder<unknown> = (() => {
  const each = (toText: (index: number) => string): string => `array[${FIGURES.map((_, index) => toText(index + 1)).join(', ')}]`
  return sql.raw(`sum(count)::int as count, ${each(n => `min(low[${n}])`)} as low, ${each(n => `max(high[${n}])`)} as high,
    ${each(n => `sum(total[${n}])`)} as total, (array_agg(to_jsonb(last) order by at desc))[1] as last, bool_or(simulated) as simulated`)
})()

interface Count { places: readonly { tenant: string, start: number, width: number }[], step: number, source: RawBuilder<unknown> }

async function count(tx: Tx, { places, step, source }: Count): Promise<void> {
  const width = sql.lit(step)
  await sql`insert into metric_tiers (tenant_id, step, at, count, low, high, total, last, simulated)
    select tenant_id, ${width}, place, count, low, high, total, array(select jsonb_array_elements_text(last)::float8), simulated from (
      select tenant_id, at / ${width} * ${width} as place, ${merged} from jsonb_to_recordset(${JSON.stringify(places)}::jsonb) as asked(tenant text, start bigint, width bigint)
      join lateral (select * from ${source} as points where tenant_id = asked.tenant and at >= asked.start and at < asked.start + asked.width) as points on true
      group by 1, 2
    ) as counted
    on conflict (tenant_id, step, at) do update set count = excluded.count, low = excluded.low, high = excluded.high, total = excluded.total,
      last = excluded.last, simulated = excluded.simulated`.execute(tx)
}
