import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import type { AccountList, AdminDeploymentList, AdminInstanceList, AdminOverview, ConnectionList, LiveChannelList, MarkList, SessionList } from '@neo-stack/events'
import { judgeDelivery, judgeQueue, worstFirst } from '../src/operations/rules.ts'
import type { Realtime, RealtimeConnection } from '../src/realtime/realtime.ts'
import { createSilentRealtime, startService, type TestService } from './service.ts'

type Headers = Record<string, string>
type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('what operators see of every tenant', () => {
  let service: TestService
  let operator: Headers
  let owner: Headers
  let open: RealtimeConnection[] = []
  const cut: TestService['cut'] = []
  beforeAll(async () => {
    const inspect: NonNullable<Realtime['inspect']> = {
      connections: () => Promise.resolve({ connections: open, unsaid: [] }),
      channels: () => Promise.resolve([{ name: 'tenant:acme:alerts', subscribers: 1 }, { name: 'tenant:globex:alerts', subscribers: 3 }]),
    }
    service = await startService({ realtime: { ...createSilentRealtime(cut), inspect } })
    operator = await service.bearer('operator@neo.example')
    owner = await service.bearer('owner@acme.example')
  })
  afterAll(() => service.stop())

  const get = (url: string, headers = operator): Promise<Answer> => service.app.inject({ url, headers })
  const fail = async (tenantId: string, deploymentId: string): Promise<void> => {
    const headers = { authorization: `Bearer ${service.keyOf(tenantId)}` }
    for (const [type, data] of [['deployment_start', { instanceType: 'odoo' }], ['deployment_error', { error: 'it broke' }]] as const) {
      const answer = await service.app.inject({ method: 'POST', url: '/v1/events', headers, payload: { channel: `tenant:${tenantId}:deployments`, type, data: { deploymentId, ...data } } })
      expect(answer.statusCode, answer.body).toBe(201)
    }
  }

  it('is refused to everybody else', async () => {
    for (const url of ['/v1/admin/overview', '/v1/admin/deployments', '/v1/admin/instances', '/v1/admin/connections', '/v1/admin/channels', '/v1/admin/marks']) {
      expect([url, (await get(url, owner)).statusCode, (await get(url, {})).statusCode]).toEqual([url, 403, 401])
    }
  })

  it('names deployments and instances with their tenant, page by page, and tenants in trouble first', async () => {
    await fail('acme', 'broken-1')
    await fail('globex', 'broken-2')
    await fail('globex', 'broken-3')
    const first = (await get('/v1/admin/deployments?status=failed&limit=2')).json<AdminDeploymentList>()
    const rest = (await get(`/v1/admin/deployments?status=failed&limit=2&cursor=${first.next ?? ''}`)).json<AdminDeploymentList>()
    expect([...first.deployments, ...rest.deployments].map(one => [one.tenantId, one.deploymentId])).toEqual([['globex', 'broken-3'], ['globex', 'broken-2'], ['acme', 'broken-1']])
    expect(rest.next).toBeUndefined()
    const between = async (from: number, to: number): Promise<number> => {
      const at = Date.parse(first.deployments[0]?.createdAt ?? '')
      const [start, end] = [from, to].map(seconds => new Date(at + seconds * 1000).toISOString())
      return (await get(`/v1/admin/deployments?status=failed&from=${start ?? ''}&to=${end ?? ''}`)).json<AdminDeploymentList>().deployments.length
    }
    // Those that began before it ended and ended after it began.
    expect([await between(-600, 600), await between(-600, -60), await between(600, 900)]).toEqual([3, 0, 0])
    expect((await get('/v1/admin/deployments?from=yesterday')).json()).toMatchObject({ status: 400, errors: [{ path: 'from' }] })
    expect((await get('/v1/admin/deployments?cursor=nonsense')).json()).toMatchObject({ status: 400, errors: [{ path: 'cursor' }] })
    const { instances } = (await get('/v1/admin/instances?q=GLOBEX')).json<AdminInstanceList>()
    expect(new Set(instances.map(({ tenantId }) => tenantId))).toEqual(new Set(['globex']))
    const overview = (await get('/v1/admin/overview')).json<AdminOverview>()
    expect(overview.troubled?.map(({ tenantId, failed }) => [tenantId, failed])).toEqual([['globex', 2], ['acme', 1]])
    expect(overview.tenants).toEqual({ active: 2, suspended: 0, deleting: 0 })
    expect(overview.eventsPerSecond).toBeGreaterThan(0)
  })

  it('finds instances by a part of name or tenant, whatever its case and accents', async () => {
    await service.database.inSystem(tx => tx.insertInto('instances').values({ tenant_id: 'acme', instance_id: 'cafe', name: 'Café São João', deployment_id: 'broken-1', simulated: false, url: null, instance_type: null }).execute())
    const find = async (q: string): Promise<string[]> => (await get(`/v1/admin/instances?q=${encodeURIComponent(q)}`)).json<AdminInstanceList>().instances.map(({ instanceId }) => instanceId)
    expect(await find('sao joao')).toEqual(['cafe'])
    expect(await find('JOÃO ACM')).toEqual(['cafe'])
    expect(await find('joao globex')).toEqual([])
    expect(await find('são%')).toEqual([])
    expect(await find('caf_')).toEqual([])
  })

  it('lists sessions page by page, the one used last first, and refuses the cursor of another list', async () => {
    await Promise.all(['owner@acme.example', 'manager@acme.example', 'viewer@acme.example'].map(who => service.bearer(who)))
    // Two that a Date cannot tell apart; by their identifiers they would come the other way round.
    const twins = await service.database.inSystem(async tx => {
      const rows = await tx.selectFrom('sessions').select('id').orderBy('id').limit(2).execute()
      for (const [n, { id }] of rows.entries()) await sql`update sessions set last_used_at = date_trunc('second', now()) + ${`${60_000_001 - n} microseconds`}::interval where id = ${id}`.execute(tx)
      return rows.map(({ id }) => id)
    })
    const all = (await get('/v1/admin/sessions?limit=200')).json<SessionList>().sessions
    expect(all.slice(0, 2).map(({ id }) => id)).toEqual(twins)
    expect(all.map(({ lastUsedAt }) => lastUsedAt)).toEqual(all.map(({ lastUsedAt }) => lastUsedAt).toSorted().reverse())
    const paged: string[] = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: SessionList = (await get(`/v1/admin/sessions?limit=1${next && `&cursor=${next}`}`)).json()
      paged.push(...page.sessions.map(({ id }) => id))
      next = page.next
    }
    expect(paged).toEqual(all.map(({ id }) => id))
    const people = (await get('/v1/admin/users?limit=1')).json<AccountList>()
    const forged = ['0000-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.0000000001Z'].map(time => Buffer.from(JSON.stringify([time, crypto.randomUUID()])).toString('base64url'))
    for (const cursor of [people.next ?? '', ...forged]) {
      expect((await get(`/v1/admin/sessions?cursor=${cursor}`)).json()).toMatchObject({ status: 400, errors: [{ path: 'cursor' }] })
    }
  })

  it('tells when deployments and billing happened at whom, and nothing of what they were about', async () => {
    const from = new Date(service.now()).toISOString()
    await fail('acme', 'marked')
    const marksOf = async (query: string): Promise<MarkList['marks']> => (await get(`/v1/admin/marks?${query}`)).json<MarkList>().marks
    const to = new Date(service.now()).toISOString()
    const marks = await marksOf(`from=${from}&to=${to}`)
    expect(marks.map(({ type, tenantId, isBad }) => [type, tenantId, isBad])).toEqual([['deployment_error', 'acme', true], ['deployment_start', 'acme', false]])
    expect(Object.keys(marks[0] ?? {}).toSorted()).toEqual(['id', 'isBad', 'tenantId', 'time', 'type'])
    expect(await marksOf(`from=${from}&to=${to}&limit=1`)).toHaveLength(1)
    expect((await marksOf('')).slice(0, 2)).toEqual(marks)
    expect(await marksOf(`from=${new Date(0).toISOString()}&to=${new Date(Date.parse(from) - 3_600_000).toISOString()}`)).toEqual([])
  })

  it('says of each part how it is and why, and a part that does not answer keeps nobody waiting', async () => {
    const { parts } = (await get('/v1/admin/overview')).json<AdminOverview>()
    expect(parts.find(({ name }) => name === 'realtime')).toEqual({ name: 'realtime', since: expect.any(String) as string, state: 'ok', reason: 'fine', figures: { connections: 3, users: 2, channels: 5, subscriptions: 7 } })
    expect(new Set(parts.map(({ name }) => name))).toEqual(new Set(['database', 'realtime', 'queue', 'search', 'service']))
    const broken = await startService({ realtime: { ...createSilentRealtime(), stats: () => Promise.reject(new Error('gone')) } })
    const answer = await broken.app.inject({ url: '/v1/admin/overview', headers: await broken.bearer('operator@neo.example') })
    expect(answer.json<AdminOverview>().parts[0]).toMatchObject({ name: 'realtime', state: 'down', reason: 'unreachable', figures: {} })
    await broken.stop()
  })

  it('says what is down, and since when, although the database is away; tenants are there again with it', async () => {
    const at = Date.parse((await get('/v1/admin/overview')).json<AdminOverview>().parts.find(({ name }) => name === 'database')?.since ?? '')
    const { ping, inSystem } = service.database
    const away = (): Promise<never> => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }))
    service.advance(60_000)
    Object.assign(service.database, { ping: away, inSystem: away })
    const [answer, again] = [await get('/v1/admin/overview'), await get('/v1/admin/overview')].map(one => one.json<AdminOverview>())
    Object.assign(service.database, { ping, inSystem })
    expect(answer).toMatchObject({ parts: [{ name: 'database', state: 'down', reason: 'unreachable' }, {}, {}, {}, {}] })
    expect(Object.keys(answer ?? {})).toEqual(['parts'])
    expect(Date.parse(answer?.parts[0]?.since ?? '')).toBeGreaterThanOrEqual(at + 60_000)
    expect(again?.parts[0]?.since).toBe(answer?.parts[0]?.since)
    const { parts, tenants } = (await get('/v1/admin/overview')).json<AdminOverview>()
    expect([parts.find(({ name }) => name === 'database')?.state, tenants?.active]).toEqual(['ok', 2])
  })

  it('shows connections of what is neither person nor key', async () => {
    open = [{ client: crypto.randomUUID(), tenantId: 'platform', userId: 'canary' }]
    for (const url of ['/v1/admin/connections', '/v1/admin/connections?q=canary']) {
      expect((await get(url)).json<ConnectionList>().connections.map(({ userId, name }) => [userId, name])).toEqual([['canary', undefined]])
    }
  })

  it('shows who is connected, by name, and to what', async () => {
    const [member, key] = await service.database.inSystem(async tx => [
      await tx.selectFrom('users').select(['id', 'name']).where('email', '=', 'member@acme.example').executeTakeFirstOrThrow(),
      await tx.selectFrom('api_keys').select(['id', 'name']).where('tenant_id', '=', 'globex').executeTakeFirstOrThrow(),
    ] as const)
    open = [
      { client: crypto.randomUUID(), tenantId: 'globex', userId: key.id, since: 2000, channels: ['tenant:globex:alerts'] },
      { client: crypto.randomUUID(), tenantId: 'acme', userId: member.id, since: 1000, channels: ['tenant:acme:alerts'] },
    ]
    const all = (await get('/v1/admin/connections')).json<ConnectionList>()
    expect(all.connections.map(({ name, isService, since }) => [name, isService, since])).toEqual([[member.name, false, '1970-01-01T00:00:01.000Z'], [key.name, true, '1970-01-01T00:00:02.000Z']])
    expect(all).toMatchObject({ total: 2, unsaid: [] })
    for (const query of ['channel=tenant:acme:alerts', 'tenantId=acme', `q=${member.name.toLowerCase()}`, 'q=MEMBER@acme', `q=${member.id.slice(0, 30)}`, 'q=acme&limit=1']) {
      expect((await get(`/v1/admin/connections?${query}`)).json<ConnectionList>()).toMatchObject({ total: 1, connections: [{ userId: member.id }] })
    }
    expect((await get(`/v1/admin/connections?q=${key.name.toUpperCase()}`)).json<ConnectionList>()).toMatchObject({ total: 1, connections: [{ userId: key.id, isService: true }] })
    expect((await get('/v1/admin/connections?q=nobody')).json<ConnectionList>()).toMatchObject({ total: 0, connections: [] })
    expect((await get('/v1/admin/channels?q=alerts')).json<LiveChannelList>()).toEqual({ total: 2, channels: [{ name: 'tenant:globex:alerts', subscribers: 3 }, { name: 'tenant:acme:alerts', subscribers: 1 }] })
  })

  it('ends one connection, which stands in the trail of its tenant', async () => {
    const { client = '', userId = '' } = open.find(({ tenantId }) => tenantId === 'acme') ?? {}
    const end = (path: string, headers = operator): Promise<Answer> => service.app.inject({ method: 'DELETE', url: `/v1/admin/connections/${path}`, headers })
    expect((await end(`acme/${userId}/${client}`, owner)).statusCode).toBe(403)
    expect((await end(`globex/${userId}/${client}`)).statusCode).toBe(404)
    expect((await end(`acme/${userId}/${crypto.randomUUID()}`)).statusCode).toBe(404)
    expect(cut).toEqual([])
    expect((await end(`acme/${userId}/${client}`)).statusCode).toBe(204)
    expect(cut).toEqual([{ tenantId: 'acme', userId, client, reason: 'ended by an operator' }])
    expect((await get('/v1/admin/audit?tenantId=acme&action=connection.ended')).json()).toMatchObject({ entries: [{ tenantId: 'acme', target: client, detail: { user: userId } }] })
  })
})

describe('how a part is judged', () => {
  it('puts what is down before what asks for a look', () => {
    const fine = judgeQueue({ states: { waiting: 1, running: 1, failed: 0 }, oldestSeconds: 5 })
    const slow = judgeQueue({ states: { waiting: 1, running: 0, failed: 0 }, oldestSeconds: 120 })
    const stuck = judgeDelivery({ rows: 10, oldestSeconds: 9 }, { a: true, b: false })
    expect(worstFirst([fine, slow, stuck]).map(({ state, reason }) => [state, reason])).toEqual([['down', 'outbox_waits'], ['warning', 'waiting_long'], ['ok', 'fine']])
  })

  it('says that a node hears nothing of what the canary publishes, and nothing of it where there is no canary', () => {
    const judged = [{}, { a: true }, { a: true, b: false }].map(nodes => judgeDelivery({ rows: 1, oldestSeconds: 1 }, nodes))
    expect(judged.map(({ state, reason, figures }) => [state, reason, figures['deaf']])).toEqual([['ok', 'fine', undefined], ['ok', 'fine', undefined], ['down', 'node_deaf', 1]])
  })
})
