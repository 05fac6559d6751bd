/** Questions of every length over full tiers, in process. */

import { createEventService, seedDemo, type Database } from '@neo-stack/event-service'
import { openGiven, silent } from '../log.ts'
import type { BenchContext } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const ROUNDS = 60

const DAY = 86_400
const ranges: readonly (readonly [name: string, seconds: number])[] = [['5 min', 300], ['30 min', 1800], ['3 h', 10_800], ['24 h', DAY], ['7 d', 7 * DAY], ['30 d', 30 * DAY], ['400 d', 400 * DAY]]
/** What each tier keeps: width and how long, in seconds. */
const tiers = [[10, 2 * DAY], [60, 30 * DAY], [3600, 400 * DAY]] as const

/** How long each takes. */
export async function measureQueries(context: BenchContext): Promise<Row[]> {
  const database = await openGiven(context)
  try {
    await seedDemo(database, { passwordCost: 4 })
    await fillTiers(database)
    const service = await createEventService({ database, realtime: silent })
    try {
      const { key } = await service.identity.apiKeys.create({ tenantId: 'acme', name: 'bench', permissions: ['metrics:read'], actor: { type: 'system', id: 'bench' } })
      const rows: Row[] = []
      for (const [name, seconds] of ranges) rows.push(await ask(service, { key, name, seconds }))
      return rows
    } finally {
      await service.close()
    }
  } finally {
    await database.close()
  }
}

async function ask({ app }: Awaited<ReturnType<typeof createEventService>>, { key, name, seconds }: { key: string, name: string, seconds: number }): Promise<Row> {
  const samples: number[] = []
  let points = 0
  for (let round = -5; round < ROUNDS; round++) {
    const to = Math.floor(Date.now() / 1000)
    const startedAt = performance.now()
    const answer = await app.inject({ url: `/v1/tenants/acme/metrics?from=${to - seconds + 1}&to=${to}`, headers: { authorization: `Bearer ${key}` } })
    if (round >= 0) samples.push(performance.now() - startedAt)
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${answer.body}`)
    points = answer.json<{ samples: unknown[] }>().samples.length
  }
  return { name: `query of ${name}, full tiers, ${points} points, p95`, value: summarise(samples).p95, unit: 'ms', goal: '≤ 200' }
}

/** Fills every tier of both tenants of the demonstration. */
async function fillTiers({ jobs }: Database): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  const figures = 'array[at % 100, at % 90, at % 80, at % 1000, at % 2000, 3, at]::float8[]'
  for (const tenantId of ['acme', 'globex']) {
    await jobs.executeSql(`insert into metric_samples (tenant_id, at, cpu, memory, disk, network_in, network_out, active_instances, uptime)
      select '${tenantId}', at, at % 100, at % 90, at % 80, at % 1000, at % 2000, 3, at from generate_series(${now - 6 * 3600 + 60}, ${now}) at`)
    for (const [step, keep] of tiers) {
      await jobs.executeSql(`insert into metric_tiers (tenant_id, step, at, count, low, high, total, last, simulated)
        select '${tenantId}', ${step}, at, ${step}, ${figures}, ${figures}, ${figures}, ${figures}, false
        from generate_series(${Math.ceil((now - keep + 3600) / step) * step}, ${now}, ${step}) at`)
    }
  }
  await jobs.executeSql('vacuum analyze')
}
