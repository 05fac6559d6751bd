import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlertList, AlertRules } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('alert rules', () => {
  let service: TestService
  let manager: { authorization: string }
  let second = 0
  beforeAll(async () => {
    service = await startService()
    manager = await service.bearer('manager@acme.example')
    second = Math.floor(service.now() / 1000) - 30
  })
  afterAll(() => service.stop())

  const ask = (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object, headers: Record<string, string> = manager): Promise<Answer> =>
    service.app.inject({ method, url, headers, ...payload && { payload } })
  const rules = { name: 'CPU alta', metric: 'cpu', op: '>', threshold: 80, for: '2s', severity: 'critical' }
  const put = (...list: object[]): Promise<Answer> => ask('PUT', '/v1/tenants/acme/alert-rules', { rules: list })
  const stateOf = async (): Promise<AlertRules['rules'][number] | undefined> => (await ask('GET', '/v1/tenants/acme/alert-rules')).json<AlertRules>().rules[0]
  const alerts = async (): Promise<AlertList['alerts']> => (await ask('GET', '/v1/tenants/acme/alerts')).json<AlertList>().alerts
  /** The next second's sample, or that of a given one. */
  const push = async (cpu: number, at = ++second): Promise<void> => {
    const payload = { cpu, memory: 1, disk: 1, networkIn: 0, networkOut: 0, activeInstances: 1, uptime: 1, at }
    expect((await ask('POST', '/v1/tenants/acme/metrics', payload, { authorization: `Bearer ${service.keyOf('acme')}` })).statusCode).toBe(201)
  }

  it('fire once, say where they stand, and are over once', async () => {
    expect((await put(rules)).json()).toMatchObject({ rules: [{ ...rules, hysteresis: 0, state: 'no-data' }] })
    await push(50)
    expect(await stateOf()).toMatchObject({ state: 'ok' })
    for (const cpu of [90, 91, 92, 93]) await push(cpu)
    expect(await stateOf()).toMatchObject({ state: 'firing', since: new Date((second - 1) * 1000).toISOString() })
    expect(await alerts()).toMatchObject([{ severity: 'critical', state: 'firing', message: 'CPU alta: cpu > 80 (agora 92)', id: (await stateOf())?.alertId }])
    await push(70)
    await push(60)
    expect(await alerts()).toMatchObject([{ state: 'resolved' }])
    expect(await stateOf()).toMatchObject({ state: 'ok' })
  })

  it('judge each sample of a batch', async () => {
    await put({ ...rules, name: 'Lote' })
    const before = (await alerts()).length
    const samples = [90, 91, 92, 93, 10, 10].map(cpu => ({ cpu, memory: 1, disk: 1, networkIn: 0, networkOut: 0, activeInstances: 1, uptime: 1, at: ++second }))
    expect((await ask('POST', '/v1/tenants/acme/metrics', { samples }, { authorization: `Bearer ${service.keyOf('acme')}` })).statusCode).toBe(201)
    expect((await alerts()).slice(0, (await alerts()).length - before)).toMatchObject([{ state: 'resolved', message: 'Lote: cpu normalizado (agora 10)' }])
  })

  it('are judged although a newer version added to them what this one does not know', async () => {
    await put({ ...rules, for: '0s' })
    await service.database.inSystem(tx => sql`update alert_rules set rule = rule || '{"escalate": {"after": "5m"}}' where tenant_id = 'acme'`.execute(tx))
    await push(99)
    expect(await stateOf()).toMatchObject({ ...rules, for: '0s', state: 'firing' })
    await push(10)
  })

  it('heed no sample that comes after a newer one', async () => {
    await put({ ...rules, for: '0s' })
    await push(10)
    await push(99, second - 5)
    expect(await stateOf()).toMatchObject({ state: 'ok' })
  })

  it('of growth say that it is growth', async () => {
    await put({ ...rules, kind: 'rate', threshold: 5, for: '0s' })
    await push(10)
    await push(30)
    expect((await alerts())[0]).toMatchObject({ state: 'firing', message: 'CPU alta: cpu por segundo > 5 (agora 20)' })
    const { events } = (await ask('GET', '/v1/history?channel=tenant:acme:alerts&limit=1000')).json<{ events: { data: object }[] }>()
    expect(events.at(-1)?.data).toMatchObject({ messageKey: 'rule_fired', params: { metric: 'cpu', kind: 'rate', threshold: 5, value: 20 } })
    await put()
  })

  it('fire by the clock when no further sample comes', async () => {
    const before = (await alerts()).length
    await put({ ...rules, for: '1s' })
    await push(95, second = Math.floor(service.now() / 1000))
    expect(await stateOf()).toMatchObject({ state: 'pending' })
    await expect.poll(async () => (await stateOf())?.state, { timeout: 10_000 }).toBe('firing')
    expect((await alerts()).length).toBe(before + 1)
  })

  it('stay where they stand when others are put beside them; the alert of one that goes is over', async () => {
    const { alertId } = await stateOf() ?? {}
    await put({ severity: 'critical', threshold: 80, op: '>', metric: 'cpu', name: 'CPU alta', for: '1s' }, { ...rules, name: 'Outra', threshold: 99 })
    expect(await stateOf()).toMatchObject({ state: 'firing', alertId })
    await put()
    expect((await alerts()).find(({ id }) => id === alertId)).toMatchObject({ state: 'resolved' })
    const audit = await service.database.inTenant('acme', tx => tx.selectFrom('audit').select('action').where('action', '=', 'alert_rules.replaced').execute())
    expect(audit.length).toBeGreaterThan(3)
  })

  it.each([
    ['an unknown figure', { ...rules, metric: 'luck' }, 'rules.0.metric'], ['another comparison', { ...rules, op: '=' }, 'rules.0.op'],
    ['no duration', { ...rules, for: '2 days' }, 'rules.0.for'], ['no name', { ...rules, name: ' ' }, 'rules.0.name'],
    ['an extra field', { ...rules, colour: 'red' }, 'rules.0.colour'],
  ])('refuse %s with the path', async (_name, rule, path) => {
    const answer = await put(rule)
    expect(answer.statusCode).toBe(400)
    expect(answer.json<{ errors: { path: string }[] }>().errors.map(one => one.path)).toContain(path)
  })

  it('refuse two of one name, and are not for viewers or strangers to write', async () => {
    expect((await put(rules, rules)).json()).toMatchObject({ errors: [{ path: 'rules.1.name' }] })
    const viewer = await service.bearer('viewer@acme.example')
    expect((await ask('PUT', '/v1/tenants/acme/alert-rules', { rules: [] }, viewer)).statusCode).toBe(403)
    expect((await ask('GET', '/v1/tenants/acme/alert-rules', undefined, viewer)).statusCode).toBe(200)
    const stranger = await service.bearer('owner@globex.example')
    expect((await ask('GET', '/v1/tenants/acme/alert-rules', undefined, stranger)).statusCode).toBe(404)
    expect((await ask('GET', '/v1/admin/alert-rules', undefined, stranger)).statusCode).toBe(403)
  })

  it('of the operators watch the host and speak to operators', async () => {
    const operator = await service.bearer('operator@neo.example')
    expect((await ask('PUT', '/v1/admin/alert-rules', { rules: [{ ...rules, for: '0s' }] }, operator)).statusCode).toBe(200)
    await service.publishAs({ type: 'system', id: 'sampler' })({ channel: 'admin:metrics', type: 'metrics_update', data: { cpu: 99, memory: 1, disk: 1, networkIn: 0, networkOut: 0, activeInstances: 0, uptime: 1 } })
    const { events } = (await ask('GET', '/v1/history?channel=admin:alerts', undefined, operator)).json<{ events: { type: string, data: { messageKey?: string } }[] }>()
    // Tenants' critical alerts are told there too.
    expect(events.filter(({ data }) => data.messageKey === 'rule_fired').map(({ type }) => type)).toEqual(['alert'])
  })
})

describe('acknowledging an alert', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  const acknowledge = async (id: string, email: string, payload?: object): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: `/v1/alerts/${id}/ack`, headers: await service.bearer(email), ...payload && { payload } })

  it('is told to everybody, and the first one stands', async () => {
    const { id } = await service.publishAs({ type: 'system', id: 'test' })({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'critical', message: 'disk full' } })
    const first = await acknowledge(id, 'manager@acme.example', { note: 'limpando' })
    expect(first.statusCode, first.body).toBe(200)
    expect(first.json()).toMatchObject({ id, note: 'limpando' })
    const [second, third] = await Promise.all([acknowledge(id, 'owner@acme.example'), acknowledge(id, 'owner@acme.example', { note: 'eu também' })])
    expect([second.json(), third.json()]).toEqual([first.json(), first.json()])
    const list = await service.app.inject({ url: '/v1/tenants/acme/alerts', headers: await service.bearer('viewer@acme.example') })
    expect(list.json<AlertList>().alerts[0]).toMatchObject({ id, state: 'firing', acknowledged: { note: 'limpando' } })
    const history = await service.app.inject({ url: '/v1/history?channel=tenant:acme:alerts', headers: await service.bearer('viewer@acme.example') })
    expect(history.json<{ events: { type: string }[] }>().events.map(({ type }) => type)).toEqual(['alert', 'alert_acknowledged'])
  })

  it('of two at once is one', async () => {
    const { id } = await service.publishAs({ type: 'system', id: 'test' })({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'twice' } })
    const answers = await Promise.all(['manager@acme.example', 'owner@acme.example'].map(email => acknowledge(id, email, { note: email })))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200])
    expect(answers[0]?.json()).toEqual(answers[1]?.json())
  })

  it('needs the right, an alert of one\'s own tenant, and a short note', async () => {
    const { id } = await service.publishAs({ type: 'system', id: 'test' })({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'mine' } })
    expect((await acknowledge(id, 'viewer@acme.example')).statusCode).toBe(403)
    expect((await acknowledge(id, 'owner@globex.example')).statusCode).toBe(404)
    expect((await acknowledge('018f0000-0000-7000-8000-00000000dead', 'owner@acme.example')).statusCode).toBe(404)
    expect((await acknowledge('x', 'owner@acme.example')).statusCode).toBe(400)
    expect((await acknowledge(id, 'owner@acme.example', { note: 'x'.repeat(501) })).json()).toMatchObject({ errors: [{ path: 'note' }] })
  })
})
