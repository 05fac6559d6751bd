/** How fast the history of many tenants is searched and paged: in process, so that HTTP's own cost is left out. */

import { createEventService, seedDemo, type Database, type EventService } from '@neo-stack/event-service'
import { fillAlerts, openGiven, silent } from '../log.ts'
import { WITH_THE_LOAD, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const TENANTS = 20
const ROUNDS = 120

const queries = ['disco', 'implantacao', 'kernel', '"disco servidor"', 'certif*', 'igracio', 'disco -servidor severity:critical', 'kernel OR módulo', 'número77777', 'limite rede type:alert']

export const search: Scenario = {
  cores: WITH_THE_LOAD,
  doc: `searches and pages of the history of ${TENANTS} tenants; --database postgres://… measures PostgreSQL, --events how many`,
  run: async context => {
    const database = await openGiven(context)
    try {
      return await measure(database, context)
    } finally {
      await database.close()
    }
  },
}

async function measure(database: Database, { events, say }: BenchContext): Promise<Measured> {
  const { apiKeys } = await seedDemo(database, { passwordCost: 4 })
  const key = apiKeys.find(({ tenantId }) => tenantId === null)?.key ?? ''
  const each = Math.ceil(events / TENANTS)
  for (let tenant = 0; tenant < TENANTS; tenant++) await fillAlerts(database, `bench-${tenant}`, each)
  await database.jobs.executeSql('vacuum analyze')
  say(`${each * TENANTS} events written`)
  const service = await createEventService({ database, realtime: silent })
  try {
    const ask = createAsk(service, key)
    const searchOf = (index: number, order: string): Promise<void> =>
      ask('/v1/history/search', { tenant: `bench-${index % TENANTS}`, q: queries[index % queries.length] ?? '', limit: '50', order })
    return { rows: [
      ...await toRows('newest 50 hits', '≤ 25', index => searchOf(index, 'newest')),
      ...await toRows('50 most relevant hits', '≤ 100', index => searchOf(index, 'relevance')),
      ...await toRows('page of history', '≤ 10', index =>
        ask('/v1/history', { channel: `tenant:bench-${index % TENANTS}:alerts`, before: String(1 + (index * 7919) % each), limit: '50' })),
    ] }
  } finally {
    await service.close()
  }
}

type Ask = (path: string, query: Record<string, string>) => Promise<void>

function createAsk({ app }: EventService, key: string): Ask {
  return async (path, query) => {
    const answer = await app.inject({ url: `${path}?${new URLSearchParams(query).toString()}`, headers: { authorization: `Bearer ${key}` } })
    if (answer.statusCode !== 200) throw new Error(`${path} was answered ${answer.statusCode}: ${answer.body}`)
  }
}

async function toRows(name: string, goal: string, run: (index: number) => Promise<void>): Promise<Row[]> {
  const samples: number[] = []
  for (let index = -20; index < ROUNDS; index++) {
    const startedAt = performance.now()
    await run(index + 20)
    if (index >= 0) samples.push(performance.now() - startedAt)
  }
  const p95 = samples.toSorted((a, b) => a - b)[Math.floor(samples.length * 0.95)] ?? 0
  return [{ name: `${name}, p50`, value: summarise(samples).p50, unit: 'ms' }, { name: `${name}, p95`, value: p95, unit: 'ms', goal }]
}
