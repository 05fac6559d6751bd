import type { AlertList } from '@neo-stack/events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type TestService } from './service.ts'

describe('alerts', () => {
  let service: TestService
  const url = '/v1/tenants/acme/alerts'
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  it('lists raised and resolved alerts, newest first, one line each', async () => {
    const headers = await service.bearer('viewer@acme.example')
    expect((await service.app.inject({ url, headers })).json()).toMatchObject({ alerts: [], seq: 0 })
    const publish = service.publishAs({ type: 'system', id: 'test' })
    const alertId = '018f0000-0000-7000-8000-000000000001'
    const channel = 'tenant:acme:alerts'
    await publish({ channel, type: 'alert', data: { alertId, severity: 'critical', message: 'disk full' } })
    const { id } = await publish({ channel, type: 'alert', data: { severity: 'info', message: 'hello' } })
    await publish({ channel, type: 'alert_resolved', data: { alertId, severity: 'critical', message: 'disk free' } })
    const { alerts, seq } = (await service.app.inject({ url, headers })).json<AlertList>()
    expect(seq).toBe(3)
    expect(alerts).toMatchObject([{ id, state: 'firing' }, { id: alertId, state: 'resolved', severity: 'critical' }])
  })

  it('say where their log stands also when nothing of it is left', async () => {
    const publish = service.publishAs({ type: 'system', id: 'test' })
    await publish({ channel: 'tenant:globex:alerts', type: 'alert', data: { severity: 'info', message: 'long ago' } })
    await service.database.inTenant('globex', async tx => {
      await tx.deleteFrom('events').where('channel', '=', 'tenant:globex:alerts').execute()
      await tx.updateTable('channels').set({ oldest_seq: 2 }).where('name', '=', 'tenant:globex:alerts').execute()
    })
    const headers = await service.bearer('viewer@globex.example')
    expect((await service.app.inject({ url: '/v1/tenants/globex/alerts', headers })).json()).toMatchObject({ alerts: [], seq: 1 })
  })

  it('lists what is left when a person was erased', async () => {
    const publish = service.publishAs({ type: 'system', id: 'test' })
    const userId = '018f0000-0000-7000-8000-00000000000e'
    await publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: `sign-in of ${userId}` } })
    const { id } = await publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'warning', message: 'after it' } })
    const headers = await service.bearer('owner@acme.example')
    expect((await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/history/erasures', headers, payload: { userId } })).json()).toEqual({ erased: 1 })
    const answer = await service.app.inject({ url, headers })
    expect([answer.statusCode, answer.body.includes(userId), answer.json<AlertList>().alerts[0]?.id]).toEqual([200, false, id])
  })

  it('is told in the activity of the tenant when a person raised it, once however often it is sent', async () => {
    const raise = async (headers: Record<string, string>): Promise<string> => (await service.app.inject({
      method: 'POST', url: '/v1/alerts', headers, payload: { tenantId: 'acme', severity: 'critical', message: 'by hand', idempotencyKey: 'by-hand' },
    })).json<{ id: string }>().id
    const manager = await service.bearer('manager@acme.example')
    expect(await raise(manager)).toBe(await raise(manager))
    await service.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { tenantId: 'acme', severity: 'info', message: 'by a service' } })
    const { events } = (await service.app.inject({ url: '/v1/history?channel=tenant:acme:activity', headers: manager })).json<{ events: { data: { action: string }, actor: { type: string } }[] }>()
    expect(events.filter(({ data }) => data.action === 'alert.raised')).toMatchObject([{ actor: { type: 'user' }, data: { target: 'tenant:acme:alerts', actorName: 'Manager', detail: { severity: 'critical' } } }])
  })

  it('does not exist for another tenant', async () => {
    expect((await service.app.inject({ url, headers: await service.bearer('owner@globex.example') })).statusCode).toBe(404)
  })
})
