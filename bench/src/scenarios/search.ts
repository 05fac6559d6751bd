/** How fast the history of many tenants is searched and paged: in process, so that HTTP's own cost is left out. */

import { createEventService, openPglite, openPostgres, seedDemo, type Database, type EventService, type Realtime } from '@neo-stack/event-service'
import type { BenchContext, Measured, Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const TENANTS = 20
const ROUNDS = 120

/** Words by how often they occur: the first in every sixth event, the last in one of some thousands. */
const WORDS = ['disco', 'servidor', 'backup', 'instância', 'implantação', 'memória', 'certificado', 'fatura', 'conexão', 'deployment', 'migración', 'usuário', 'limite', 'rede', 'módulo', 'kernel']

const queries = ['disco', 'implantacao', 'kernel', '"disco servidor"', 'certif*', 'igracio', 'disco -servidor severity:critical', 'kernel OR módulo', 'número77777', 'limite rede type:alert']

const silent: Realtime = {
  deliver: () => Promise.resolve(), disconnect: () => Promise.resolve(), close: () => Promise.resolve(),
  stats: () => Promise.resolve({ connections: 0, users: 0, channels: 0, subscriptions: 0 }),
}

export const search: Scenario = {
  doc: `searches and pages of the history of ${TENANTS} tenants; --database postgres://… measures PostgreSQL, --events how many`,
  run: async context => {
    const database = await (context.database === undefined ? openPglite() : openPostgres({ url: context.database }))
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
  for (let tenant = 0; tenant < TENANTS; tenant++) await fill(database, `bench-${tenant}`, each)
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

/** Writes a tenant's alerts, ten to a second, as the write path and the indexer would. */
async function fill(database: Database, tenantId: string, count: number): Promise<void> {
  const channel = `tenant:${tenantId}:alerts`
  await database.jobs.executeSql(`insert into tenants (id, name) values ('${tenantId}', '${tenantId}')`)
  await database.jobs.executeSql(`insert into channels (name, tenant_id, seq, indexed_seq) values ('${channel}', '${tenantId}', ${count}, ${count})`)
  const word = `(array[${WORDS.map(one => `'${one}'`).join(', ')}])[1 + floor(power(random(), 3) * ${WORDS.length})::int]`
  for (let start = 1; start <= count; start += 5000) {
    await database.jobs.executeSql(`with made as materialized (
        select n, case when n % 50 = 0 then 'critical' else 'info' end as severity, concat_ws(' ', ${word}, ${word}, ${word}, ${word}, ${word}, 'número' || n) as message
        from generate_series(${start}, ${Math.min(count, start + 4999)}) as n),
      written as (insert into events (id, tenant_id, channel, seq, type, time, actor, data, size)
      select (lpad(to_hex(1764000000000 + n * 100), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
        '${tenantId}', '${channel}', n, 'alert', to_timestamp(1764000000 + n / 10.0), '{"type":"system","id":"bench"}',
        jsonb_build_object('severity', severity, 'message', message), 100 from made returning id, tenant_id, neo_words(data) as words)
      insert into event_words (id, tenant_id, plain, stems) select id, tenant_id, neo_plain(words), neo_stems(words) from written`)
  }
}
