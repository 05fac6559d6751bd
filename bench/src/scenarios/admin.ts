/** How fast every route of the admin portal answers with thousands of tenants: in process, so that HTTP's own cost is left out. */

import { createEventService, seedDemo, type Database, type EventService, type Realtime } from '@neo-stack/event-service'
import { openGiven } from '../log.ts'
import { WITH_THE_LOAD, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const TENANTS = 5000
const USERS_EACH = 4
const DEPLOYMENTS_EACH = 4
const EVENTS_EACH = 20
const CONNECTIONS = 5000
/** Times each route is asked, for each run. */
const ROUNDS = 20

const uuid = (n: number): string => `0197a000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const tenantOf = (n: number): string => `tenant-${String(n).padStart(5, '0')}`

/** As many people are connected as there are tenants. */
const realtime: Realtime = {
  deliver: () => Promise.resolve(), disconnect: () => Promise.resolve(), close: () => Promise.resolve(),
  stats: () => Promise.resolve({ connections: CONNECTIONS, users: CONNECTIONS, channels: TENANTS, subscriptions: CONNECTIONS }),
  inspect: {
    connections: () => Promise.resolve({ unsaid: [], connections: Array.from({ length: CONNECTIONS }, (_, n) => ({ client: uuid(n), tenantId: tenantOf(n), userId: uuid(n * USERS_EACH), since: n, channels: [`tenant:${tenantOf(n)}:alerts`] })) }),
    channels: () => Promise.resolve(Array.from({ length: TENANTS }, (_, n) => ({ name: `tenant:${tenantOf(n)}:alerts`, subscribers: 1 }))),
  },
}

/** Routes of the portal's pages; `{n}` is another tenant each time. */
const routes: readonly { path: string, goal: number }[] = [
  { path: '/v1/admin/overview', goal: 500 },
  { path: '/v1/admin/tenants?limit=200', goal: 500 },
  { path: '/v1/admin/tenants?limit=200&q={n}', goal: 100 },
  { path: '/v1/admin/tenants/tenant-{n}', goal: 500 },
  { path: '/v1/admin/deployments', goal: 500 },
  { path: '/v1/admin/deployments?status=failed', goal: 500 },
  { path: '/v1/admin/deployments?tenantId=tenant-{n}', goal: 500 },
  { path: '/v1/admin/instances?limit=500', goal: 500 },
  { path: '/v1/admin/instances?limit=500&q={n}', goal: 100 },
  { path: '/v1/admin/users', goal: 500 },
  { path: '/v1/admin/users?q={n}', goal: 100 },
  { path: '/v1/admin/sessions', goal: 500 },
  { path: '/v1/admin/sessions?q={n}', goal: 100 },
  { path: '/v1/admin/api-keys?tenantId=platform', goal: 500 },
  { path: '/v1/admin/audit?limit=100', goal: 500 },
  { path: '/v1/admin/audit?limit=100&q={n}', goal: 100 },
  { path: '/v1/admin/connections?limit=500', goal: 500 },
  { path: '/v1/admin/connections?limit=500&q={n}', goal: 100 },
  { path: '/v1/admin/channels?limit=500', goal: 500 },
  { path: '/v1/admin/announcements', goal: 500 },
  { path: '/v1/admin/users?tenantId=tenant-{n}', goal: 500 },
  { path: '/v1/admin/marks?limit=100', goal: 500 },
  { path: '/v1/admin/metrics', goal: 500 },
  { path: '/v1/admin/alert-rules', goal: 500 },
  { path: '/v1/tenants/platform/alerts', goal: 500 },
  { path: '/v1/history?channel=admin:activity', goal: 500 },
]

export const admin: Scenario = {
  cores: WITH_THE_LOAD,
  doc: `every route of the admin portal with ${TENANTS} tenants; --database postgres://… measures PostgreSQL, --runs n asks n times as often`,
  run: async context => {
    const { runs, say } = context
    const database = await openGiven(context)
    try {
      const { apiKeys } = await seedDemo(database, { passwordCost: 4 })
      await fill(database)
      say(`${TENANTS} tenants seeded`)
      const service = await createEventService({ database, realtime })
      try {
        return await measure(service, { key: apiKeys.find(({ tenantId }) => tenantId === null)?.key ?? '', rounds: ROUNDS * runs, say })
      } finally {
        await service.close()
      }
    } finally {
      await database.close()
    }
  },
}

interface Asking { key: string, rounds: number, say: (text: string) => void }

async function measure({ app }: EventService, { key, rounds, say }: Asking): Promise<Measured> {
  const rows: Row[] = []
  for (const { path, goal } of routes) {
    const samples: number[] = []
    for (let index = -5; index < rounds; index++) {
      const url = path.replaceAll('{n}', String(((index + 5) * 773) % TENANTS).padStart(5, '0'))
      const startedAt = performance.now()
      const answer = await app.inject({ url, headers: { authorization: `Bearer ${key}` } })
      if (index >= 0) samples.push(performance.now() - startedAt)
      if (answer.statusCode !== 200) throw new Error(`${url} was answered ${answer.statusCode}: ${answer.body}`)
    }
    const p95 = samples.toSorted((a, b) => a - b)[Math.floor(samples.length * 0.95)] ?? 0
    say(`${path}: ${Math.round(p95)} ms`)
    rows.push({ name: `${path}, p50`, value: summarise(samples).p50, unit: 'ms' }, { name: `${path}, p95`, value: p95, unit: 'ms', goal: `≤ ${goal}` })
  }
  return { rows }
}

/** Writes tenants with their people, sessions, deployments, instances, logs and trails. */
async function fill({ jobs }: Database): Promise<void> {
  const run = (text: string): Promise<unknown> => jobs.executeSql(text)
  const name = (n: string): string => `'tenant-' || lpad((${n})::text, 5, '0')`
  const id = (n: string): string => `('0197a000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`
  const users = TENANTS * USERS_EACH
  const deployments = TENANTS * DEPLOYMENTS_EACH
  await run(`insert into tenants (id, name) select ${name('n')}, 'Cliente número ' || lpad(n::text, 5, '0') from generate_series(0, ${TENANTS - 1}) n`)
  await run(`insert into users (id, tenant_id, email, name, password_hash, roles) select ${id('n')}, ${name(`n / ${USERS_EACH}`)}, 'p' || n || '@bench.example', 'Pessoa ' || lpad(n::text, 5, '0'), '', '{viewer}' from generate_series(0, ${users - 1}) n`)
  await run(`insert into sessions (id, tenant_id, user_id, portal, expires_at, last_used_at) select ${id('n')}, ${name(`n / ${USERS_EACH}`)}, ${id('n')}, 'tenant', now() + interval '1 day', now() - n * interval '1 second' from generate_series(0, ${users - 1}) n`)
  await run(`insert into deployments (tenant_id, deployment_id, instance_id, kind, status, state, log_lines, config, created_at, updated_at)
    select ${name(`n / ${DEPLOYMENTS_EACH}`)}, 'd-' || n, 'i-' || n, 'create', case when n % 50 = 0 then 'failed' else 'completed' end,
      jsonb_build_object('deploymentId', 'd-' || n, 'instanceId', 'i-' || n, 'kind', 'create', 'status', case when n % 50 = 0 then 'failed' else 'completed' end, 'progress', 100), 0, '{}', now() - n * interval '1 second', now() from generate_series(0, ${deployments - 1}) n`)
  await run(`insert into instances (tenant_id, instance_id, name, deployment_id) select ${name(`n / ${DEPLOYMENTS_EACH}`)}, 'i-' || n, 'Loja ' || lpad(n::text, 5, '0'), 'd-' || n from generate_series(0, ${deployments - 1}) n`)
  await run(`insert into channels (name, tenant_id, seq, indexed_seq, bytes) select 'tenant:' || ${name('n')} || ':alerts', ${name('n')}, ${EVENTS_EACH}, ${EVENTS_EACH}, 4000 from generate_series(0, ${TENANTS - 1}) n`)
  await run(`insert into events (id, tenant_id, channel, seq, type, time, actor, data, size) select ${id('n')}, ${name(`n / ${EVENTS_EACH}`)}, 'tenant:' || ${name(`n / ${EVENTS_EACH}`)} || ':alerts', n % ${EVENTS_EACH} + 1, 'alert', now(), '{"type":"system","id":"bench"}', '{"severity":"info","message":"m"}', 200 from generate_series(0, ${TENANTS * EVENTS_EACH - 1}) n`)
  await run(`insert into audit (id, tenant_id, time, actor, action, target, detail) select ${id('n')}, ${name(`n / 4`)}, now(), jsonb_build_object('type', 'user', 'id', ${id('n')}), 'user.created', 'pessoa-' || n, '{}' from generate_series(0, ${TENANTS * 4 - 1}) n`)
  await run('vacuum analyze')
}
