/** How soon a report of usage that was accepted is counted on somebody's badge, and how fast a large inbox is searched. */

import { ApiError, createClient, type Client } from '@neo-stack/client'
import { createEventService, seedDemo, type Database, type EventService } from '@neo-stack/event-service'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { readAccount, readServiceKey } from '../keys.ts'
import { runOpenLoop } from '../load.ts'
import { openGiven, silent } from '../log.ts'
import { startServer, watchGenerator, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const PER_SECOND = 200
const NOTIFICATIONS = 100_000
const ROUNDS = 200
const PATIENCE_MS = 120_000
const REPORT_ATTEMPTS = 10

export const billing: Scenario = {
  doc: `usage accepted → counted on a badge at ${PER_SECOND} events/s; search over ${NOTIFICATIONS} notifications; --database postgres://… measures PostgreSQL (empty before)`,
  run: async context => {
    const badge = await measureBadge(context)
    const found = await measureSearch(context)
    return { rows: [...badge.rows, ...found], ...badge.notes && { notes: badge.notes } }
  },
}

/** When a report was accepted, under which number its event came, and what the badge showed when: all by the clock of this process. */
interface Watched {
  acceptedAt: Map<string, number>
  seqOf: Map<string, number>
  shown: { at: number, unread: number }[]
}

async function measureBadge(context: BenchContext): Promise<Measured> {
  await using platform = await startServer(context)
  // Patient: a server that is too slow shall show as a figure.
  const service = createClient({ baseUrl: platform.url, apiKey: await readServiceKey(platform, 'acme'), request: { retries: 0, timeoutMs: PATIENCE_MS } })
  const watched: Watched = { acceptedAt: new Map(), seqOf: new Map(), shown: [] }
  const client = await openBadge(platform, watched)
  const report = async (name: string): Promise<void> => {
    // A connection that the server closed just then is no answer; said again it is one crossing all the same.
    const say = (attempts: number): Promise<unknown> => service.rest.billing.reportUsage('acme', { resource: name, used: 60, limit: 100, period: 'bench' })
      .catch((error: unknown) => error instanceof ApiError && error.code === 'network' && attempts > 1 ? say(attempts - 1) : Promise.reject(error as Error))
    await say(REPORT_ATTEMPTS)
    watched.acceptedAt.set(name, performance.now())
  }
  try {
    await report('first')
    await until(() => watched.seqOf.has('first') && watched.shown.length > 0, { timeoutMs: 30_000, what: 'the first event' })
    const base = await settle(client, watched)
    return await watchGenerator(async () => {
      let unanswered = 0
      await runOpenLoop({ perSecond: PER_SECOND, seconds: context.seconds }, index => report(`r-${index}`).catch(() => { unanswered++ }))
      const total = watched.acceptedAt.size - 1
      await until(() => (watched.shown.at(-1)?.unread ?? 0) >= base.unread + total, { timeoutMs: PATIENCE_MS, what: 'the badge to count everything' })
      const { p50, p99, count } = summarise(toDelays(watched, base))
      return [
        { name: 'usage accepted → badge, p50', value: p50, unit: 'ms' }, { name: 'usage accepted → badge, p99', value: p99, unit: 'ms', goal: '≤ 500' },
        { name: 'reports', value: count, unit: '' }, { name: 'reports without an answer', value: unanswered, unit: '', goal: '0' },
      ]
    })
  } finally {
    await Promise.all([client, service].map(one => one.close()))
  }
}

/** The counter as a portal keeps it: asked anew with each event, one question at a time. */
async function openBadge(platform: PlatformProcess, { seqOf, shown }: Watched): Promise<Client> {
  const { email, password } = await readAccount(platform, 'manager@acme.example')
  const client = createClient({ baseUrl: platform.url, cookieJar: true, request: { timeoutMs: PATIENCE_MS } })
  await client.session.signIn(email, password)
  let isAsked = false
  let asking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    while (isAsked) {
      isAsked = false
      const { unread } = await client.rest.billing.notifications('acme', { limit: 1 })
      shown.push({ at: performance.now(), unread })
    }
  }
  const count = (): void => {
    isAsked = true
    asking ??= ask().finally(() => { asking = undefined })
  }
  const feed = client.feeds.events('tenant:acme:billing', {
    onSnapshot: count,
    onEvent: ({ seq = 0, data }) => {
      seqOf.set(String(data['resource']), seq)
      count()
    },
  })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs: 30_000, what: 'a live feed' })
  return client
}

/** The counter, and the number of the last event that it counts, before the load. */
async function settle(client: Client, { seqOf }: Watched): Promise<{ unread: number, seq: number }> {
  const { unread } = await client.rest.billing.notifications('acme', { limit: 1 })
  return { unread, seq: seqOf.get('first') ?? 0 }
}

function toDelays({ acceptedAt, seqOf, shown }: Watched, base: { unread: number, seq: number }): number[] {
  return [...acceptedAt].filter(([name]) => name !== 'first').map(([name, at]) => {
    const counted = base.unread + (seqOf.get(name) ?? Infinity) - base.seq
    return Math.max(0, (shown.find(({ unread }) => unread >= counted)?.at ?? Infinity) - at)
  })
}

const queries = ['q=fatura', 'q=cartao%20recusado', 'q=inv-77777', 'q=pagamento&type=billing_payment', 'q=pix', 'q=br', 'q=nada-assim', 'q=vencimento%20inv-12&state=unread', 'q=assinatura&state=read', 'q=plano%20pro']

async function measureSearch(context: BenchContext): Promise<Row[]> {
  const { say } = context
  const database = await openGiven(context)
  try {
    await seedDemo(database, { passwordCost: 4 })
    const service = await createEventService({ database, realtime: silent })
    try {
      await fill(database)
      say(`${NOTIFICATIONS} notifications written`)
      const { key } = await service.identity.apiKeys.create({ tenantId: 'bench', name: 'bench', permissions: ['billing:read'], actor: { type: 'system', id: 'bench' } })
      return await askAll(service, key)
    } finally {
      await service.close()
    }
  } finally {
    await database.close()
  }
}

async function askAll({ app }: EventService, key: string): Promise<Row[]> {
  const timeOf = async (query: string): Promise<number> => {
    const startedAt = performance.now()
    const answer = await app.inject({ url: `/v1/tenants/bench/billing/notifications?${query}`, headers: { authorization: `Bearer ${key}` } })
    if (answer.statusCode !== 200) throw new Error(`${query} was answered ${answer.statusCode}: ${answer.body}`)
    return performance.now() - startedAt
  }
  const rows: Row[] = []
  for (const [name, of] of [['search', queries], ['page of the inbox', ['limit=50']]] as const) {
    for (const query of of) await timeOf(query)
    const samples: number[] = []
    for (let index = 0; index < ROUNDS; index++) samples.push(await timeOf(of[index % of.length] ?? ''))
    const { p50, p95 } = summarise(samples)
    rows.push({ name: `${name}, p50`, value: p50, unit: 'ms' }, { name: `${name}, p95`, value: p95, unit: 'ms', goal: '≤ 50' })
  }
  return rows
}

/** Writes a tenant's notifications as the projection would, one a minute. */
async function fill(database: Database): Promise<void> {
  const run = (text: string): Promise<unknown> => database.jobs.executeSql(text)
  await run('insert into tenants (id, name) values (\'bench\', \'bench\')')
  const sentence = `(array['Nova fatura disponível', 'Cartão recusado pelo banco emissor', 'Pagamento recebido por pix', 'Assinatura renovada', 'Plano alterado para Pro', 'Fatura perto do vencimento'])[1 + n % 6]`
  const type = `(array['billing_invoice', 'billing_payment', 'billing_payment', 'billing_subscription', 'billing_plan_change', 'billing_invoice'])[1 + n % 6]`
  for (let start = 1; start <= NOTIFICATIONS; start += 5000) {
    await run(`insert into billing_notifications (tenant_id, id, n, type, time, occurred_at, status, message, amount_minor, currency, data, words, subject)
      select 'bench', (lpad(to_hex(1764000000000 + n * 100), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid, n, ${type},
        to_timestamp(1764000000 + n * 60.0), to_timestamp(1764000000 + n * 60.0), 'pending', ${sentence}, n, 'BRL', jsonb_build_object('invoiceId', 'inv-' || n),
        neo_plain(${sentence} || ' inv-' || n || ' BRL'), 'invoice inv-' || n
      from generate_series(${start}, ${Math.min(NOTIFICATIONS, start + 4999)}) as n`)
  }
  await run(`insert into billing_numbers values ('bench', ${NOTIFICATIONS})`)
  await run('vacuum analyze')
}
