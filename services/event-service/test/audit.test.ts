import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditPage, AuditVerification, AuditVerifications, Envelope } from '@neo-stack/events'
import { appendAudit } from '../src/plugins/audit.ts'
import { verifyAudit } from '../src/tenants/audit.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('the audit trail', () => {
  let service: TestService
  let owner: { authorization: string }
  let operator: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    owner = await service.bearer('owner@acme.example')
    operator = await service.bearer('operator@neo.example')
  })
  afterAll(() => service.stop())

  const get = (url: string, headers = owner): Promise<Answer> => service.app.inject({ url, headers })
  const entries = async (url: string, headers = owner): Promise<AuditPage> => {
    const answer = await get(url, headers)
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json<AuditPage>()
  }
  const add = (action: string, tenantId = 'acme'): Promise<void> => service.database.inTenant(tenantId, tx =>
    appendAudit(tx, { tenantId, actor: { type: 'system', id: 'test' }, action, target: 'São João', detail: { note: 'one' } }, service.now()))

  it('numbers the entries of a tenant without hole and chains them', async () => {
    for (let index = 0; index < 3; index++) await add('test.numbered')
    const { entries: found } = await entries('/v1/tenants/acme/audit')
    expect(found.map(({ n }) => n)).toEqual(found.map((_, index) => found.length - index))
    expect(new Set(found.map(({ hash }) => hash)).size).toBe(found.length)
    expect((await get('/v1/tenants/acme/audit/verification')).json<AuditVerification>()).toEqual({ tenantId: 'acme', entries: found.length, isWhole: true })
  })

  it('lists entries of one millisecond in the order in which they were made', async () => {
    const now = service.now()
    const made = Array.from({ length: 20 }, (_, index) => `test.together-${index}`)
    await service.database.inTenant('globex', async tx => {
      for (const action of made) await appendAudit(tx, { tenantId: 'globex', actor: { type: 'system', id: 'test' }, action, target: 'one' }, now)
    })
    const { entries: found } = await entries('/v1/admin/audit?tenantId=globex&q=test.together&limit=50', operator)
    expect(found.map(({ action }) => action)).toEqual(made.toReversed())
  })

  it('is numbered without hole by concurrent acts', async () => {
    await Promise.all(Array.from({ length: 40 }, () => add('test.parallel', 'globex')))
    expect(await verifyAudit(service.database, 'globex')).toMatchObject({ isWhole: true })
  })

  it('is found by words, act, actor and time, page by page', async () => {
    await add('test.found')
    expect((await entries('/v1/tenants/acme/audit?q=SAO%20test.found')).entries).toMatchObject([{ action: 'test.found', target: 'São João', detail: { note: 'one' } }])
    expect((await entries('/v1/tenants/acme/audit?q=100%25')).entries).toEqual([])
    expect((await entries('/v1/tenants/acme/audit?action=session.created')).entries[0]).toMatchObject({ action: 'session.created', actorName: 'Owner' })
    expect((await entries('/v1/tenants/acme/audit?actor=nobody')).entries).toEqual([])
    await get('/v1/tenants/globex/audit', operator)
    const actions = async (kind: string): Promise<string[]> => (await entries(`/v1/admin/audit?tenantId=globex&kind=${kind}&limit=200`, operator)).entries.map(({ action }) => action)
    expect(new Set(await actions('reads'))).toEqual(new Set(['tenant.read']))
    expect(await actions('acts')).toEqual(expect.arrayContaining(['test.parallel']))
    expect(await actions('acts')).not.toContain('tenant.read')
    expect((await entries('/v1/tenants/acme/audit?to=2001-01-01T00:00:00Z')).entries).toEqual([])
    const all = (await entries('/v1/tenants/acme/audit?limit=200')).entries.map(({ n }) => n)
    const paged: number[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: AuditPage = await entries(`/v1/tenants/acme/audit?limit=2${cursor && `&cursor=${cursor}`}`)
      paged.push(...page.entries.map(({ n }) => n))
      cursor = page.next
    }
    expect(paged).toEqual(all)
    expect((await get('/v1/tenants/acme/audit?cursor=x')).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'cursor' }] })
  })

  it('is an owner\'s to read, and no other tenant\'s', async () => {
    expect((await get('/v1/tenants/acme/audit', await service.bearer('manager@acme.example'))).statusCode).toBe(403)
    expect((await get('/v1/tenants/acme/audit', await service.bearer('owner@globex.example'))).statusCode).toBe(404)
    expect((await get('/v1/admin/audit')).statusCode).toBe(403)
    expect((await service.app.inject({ url: '/v1/tenants/acme/audit' })).statusCode).toBe(401)
  })

  it('shows operators every tenant\'s, or one\'s, and says that they looked', async () => {
    const tenants = new Set((await entries('/v1/admin/audit?limit=200', operator)).entries.map(({ tenantId }) => tenantId))
    expect(tenants).toEqual(new Set(['acme', 'globex', 'platform']))
    expect(new Set((await entries('/v1/admin/audit?tenantId=acme', operator)).entries.map(({ tenantId }) => tenantId))).toEqual(new Set(['acme']))
    expect((await entries('/v1/tenants/acme/audit?action=tenant.read')).entries).toMatchObject([{ target: 'audit:read', address: '127.0.0.1', detail: { route: '/v1/admin/audit' } }])
    expect((await get('/v1/admin/audit/verification', operator)).json<AuditVerifications>()).toMatchObject({ isWhole: true })
  })

  it('does not answer an operator\'s read that cannot be written down', async () => {
    const failing = await startService({ database: { ...service.database, inTenant: (tenantId, run, options) => service.database.inTenant(tenantId, tx => run(new Proxy(tx, {
      get: (target, name) => {
        if (name === 'insertInto') return () => { throw new Error('the trail is full') }
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) as unknown : value
      },
    })), options) } })
    const answer = await failing.app.inject({ url: '/v1/tenants/acme/deployments', headers: { authorization: `Bearer ${service.keyOf(null)}` } })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('deployments')
    expect((await failing.app.inject({ url: '/v1/tenants/acme/deployments', headers: { authorization: `Bearer ${service.keyOf('acme')}` } })).statusCode).toBe(200)
    await failing.close()
  })

  it('can be changed by nobody', async () => {
    const inAcme = (text: string): Promise<unknown> => service.database.inTenant('acme', tx => sql.raw(text).execute(tx))
    await expect(inAcme(`update audit set action = 'x'`)).rejects.toThrow(/permission denied/)
    await expect(inAcme('delete from audit')).rejects.toThrow(/permission denied/)
    await expect(inAcme('truncate audit')).rejects.toThrow(/permission denied/)
    await expect(inAcme('update audit_heads set n = 1')).rejects.toThrow(/permission denied/)
    // Not even by the owner of the tables, unless the guard is taken away first.
    await expect(service.database.jobs.executeSql(`update audit set action = 'x'`)).rejects.toThrow(/append-only/)
    await expect(service.database.jobs.executeSql('delete from audit')).rejects.toThrow(/append-only/)
    await expect(service.database.jobs.executeSql('truncate audit')).rejects.toThrow(/append-only/)
  })

  it('names the first entry that was changed, put in or taken away', async () => {
    const { database } = service
    const { entries: count } = await verifyAudit(database, 'acme')
    const tamper = async (text: string): Promise<AuditVerification> => {
      await database.jobs.executeSql('alter table audit disable trigger user')
      await database.jobs.executeSql(text)
      await database.jobs.executeSql('alter table audit enable trigger user')
      return await verifyAudit(database, 'acme')
    }
    expect(await tamper(`update audit set detail = detail || '{"note":"two"}' where tenant_id = 'acme' and n = 3`)).toMatchObject({ isWhole: false, brokenAt: 3 })
    await tamper(`update audit set detail = detail - 'note' where tenant_id = 'acme' and n = 3`)
    expect((await verifyAudit(database, 'globex')).isWhole).toBe(true)
    expect(await tamper(`update audit set time = time + interval '1 microsecond' where tenant_id = 'acme' and n = 2`)).toMatchObject({ brokenAt: 2 })
    await tamper(`update audit set time = time - interval '1 microsecond' where tenant_id = 'acme' and n = 2`)
    expect(await tamper(`delete from audit where tenant_id = 'acme' and n = ${count}`)).toEqual({ tenantId: 'acme', entries: count - 1, isWhole: false, brokenAt: count })
    expect(await tamper(`delete from audit where tenant_id = 'acme' and n = 2`)).toMatchObject({ brokenAt: 2 })
  })
})

describe('a tenant\'s activity', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  const activity = async (): Promise<Envelope[]> => (await service.app.inject({
    url: '/v1/history?channel=tenant:acme:activity', headers: { authorization: `Bearer ${service.keyOf('acme')}` },
  })).json<{ events: Envelope[] }>().events

  it('tells of a command in the transaction that carries it out, by name', async () => {
    const headers = await service.bearer('member@acme.example')
    const answer = await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', headers, payload: { instanceType: 'odoo' } })
    const { deploymentId, instanceId } = answer.json<{ deploymentId: string, instanceId: string }>()
    expect((await activity()).at(-1)?.data).toEqual({ action: 'deployment.created', target: deploymentId, actorName: 'Member', detail: { instanceId } })
    await service.app.inject({ method: 'POST', url: `/v1/tenants/acme/deployments/${deploymentId}/cancel`, headers })
    expect((await activity()).at(-1)?.data).toMatchObject({ action: 'deployment.cancelled', target: deploymentId })
  })

  it('tells of an audited act together with its entry', async () => {
    const headers = await service.bearer('manager@acme.example')
    await service.app.inject({ method: 'PUT', url: '/v1/tenants/acme/alert-rules', headers, payload: { rules: [{ name: 'hot', metric: 'cpu', op: '>', threshold: 90, severity: 'warning' }] } })
    expect((await activity()).at(-1)?.data).toMatchObject({ action: 'alert_rules.replaced', actorName: 'Manager', detail: { rules: ['hot'] } })
    const [entry] = await service.database.inTenant('acme', tx => tx.selectFrom('audit').select('detail').where('action', '=', 'alert_rules.replaced').execute())
    expect(entry).toEqual({ detail: { rules: ['hot'] } })
  })

  it('does not believe a name that an event claims', async () => {
    const headers = { authorization: `Bearer ${service.keyOf('acme')}` }
    await service.app.inject({ method: 'POST', url: '/v1/events', headers, payload: { channel: 'tenant:acme:activity', type: 'activity', data: { action: 'report.made', target: 'x', actorName: 'The Director' } } })
    expect((await activity()).at(-1)?.data).toEqual({ action: 'report.made', target: 'x', actorName: 'demo' })
  })
})
