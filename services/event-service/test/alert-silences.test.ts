import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlertList, AlertRulePreview, AlertSilence, AlertSilences } from '@neo-stack/events'
import { rollUp } from '../src/metrics/rollups.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('silences, previews and what operators hear', () => {
  let service: TestService
  let manager: { authorization: string }
  let second = 0
  beforeAll(async () => {
    service = await startService()
    manager = await service.bearer('manager@acme.example')
    second = Math.floor(service.now() / 1000) - 30
  })
  afterAll(() => service.stop())

  const ask = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object, headers: Record<string, string> = manager): Promise<Answer> =>
    service.app.inject({ method, url, headers, ...payload && { payload } })
  const silences = '/v1/tenants/acme/alert-silences'
  const rule = { name: 'CPU', metric: 'cpu', op: '>', threshold: 80, severity: 'critical' }
  const later = (minutes: number): string => new Date(service.now() + minutes * 60_000).toISOString()
  const alerts = async (): Promise<AlertList['alerts']> => (await ask('GET', '/v1/tenants/acme/alerts')).json<AlertList>().alerts
  const push = async (cpu: number, at = ++second): Promise<void> => {
    const payload = { cpu, memory: 1, disk: 1, networkIn: 0, networkOut: 0, activeInstances: 1, uptime: 1, at }
    expect((await ask('POST', '/v1/tenants/acme/metrics', payload, { authorization: `Bearer ${service.keyOf('acme')}` })).statusCode).toBe(201)
  }
  const told = async (): Promise<string[]> => {
    const rows = await service.database.inTenant('platform', tx => tx.selectFrom('events').select(['type', 'data']).where('channel', '=', 'admin:alerts').orderBy('seq').execute())
    return rows.map(({ type, data }) => `${type} ${String(data['message'])}`)
  }

  it('a critical alert of a tenant reaches the operators once, and so does its end', async () => {
    await ask('PUT', '/v1/tenants/acme/alert-rules', { rules: [rule, { ...rule, name: 'Warn', severity: 'warning' }] })
    for (const cpu of [90, 91, 70]) await push(cpu)
    await expect.poll(told, { timeout: 20_000 }).toEqual(['alert acme: CPU: cpu > 80 (agora 90)', 'alert_resolved acme: CPU: cpu normalizado (agora 70)'])
  })

  it('what fires in a silence is in the list, marked, and bothers no operator', async () => {
    const made = (await ask('POST', silences, { rule: 'CPU', until: later(10), note: 'upgrade' })).json<AlertSilence>()
    expect(made).toMatchObject({ rule: 'CPU', note: 'upgrade' })
    expect((await ask('GET', silences)).json<AlertSilences>().silences).toMatchObject([{ id: made.id }])
    await push(95)
    expect((await alerts()).filter(({ state }) => state === 'firing')).toMatchObject([{ rule: 'Warn', metric: 'cpu' }, { rule: 'CPU', isSilenced: true }])
    expect((await ask('DELETE', `${silences}/${made.id}`)).statusCode).toBe(204)
    expect((await ask('DELETE', `${silences}/${made.id}`)).statusCode).toBe(404)
    expect(await told()).toHaveLength(2)
  })

  it('a window that begins later holds only then', async () => {
    await push(10)
    await ask('POST', silences, { rule: null, from: later(60), until: later(120), note: 'maintenance' })
    await ask('PUT', '/v1/tenants/acme/alert-rules', { rules: [{ ...rule, name: 'Other' }] })
    await push(95)
    expect((await alerts())[0]).toMatchObject({ rule: 'Other', state: 'firing' })
    expect((await alerts())[0]?.isSilenced).toBeUndefined()
  })

  it.each([
    ['over already', (): object => ({ rule: null, until: later(-1), note: 'n' }), 'until'], ['over before it begins', (): object => ({ rule: null, from: later(5), until: later(4), note: 'n' }), 'until'],
    ['too long', (): object => ({ rule: null, until: later(31 * 1440), note: 'n' }), 'until'], ['without a reason', (): object => ({ rule: null, until: later(5), note: ' ' }), 'note'],
  ])('refuses a silence that is %s', async (_name, body, path) => {
    expect((await ask('POST', silences, body())).json()).toMatchObject({ status: 400, errors: [{ path }] })
  })

  it('are not for viewers to make, nor for strangers to see', async () => {
    const body = { rule: null, until: later(5), note: 'n' }
    expect((await ask('POST', silences, body, await service.bearer('viewer@acme.example'))).statusCode).toBe(403)
    expect((await ask('GET', silences, undefined, await service.bearer('owner@globex.example'))).statusCode).toBe(404)
    expect((await ask('GET', '/v1/admin/alert-silences', undefined, await service.bearer('owner@globex.example'))).statusCode).toBe(403)
  })

  it('a preview says how often a rule would have fired in the last 24 h', async () => {
    const start = Math.floor(service.now() / 10_000) * 10 - 20 * 3600
    await service.database.inTenant('acme', tx => tx.insertInto('metric_tiers').values([90, 10, 90, 10, 90, 10].map((cpu, index) => {
      const figures = [cpu, 1, 1, 0, 0, 1, 1]
      return { tenant_id: 'acme', step: 10, at: start + index * 10_000 - index * 10_000 % 10, count: 10, low: figures, high: figures, total: figures.map(value => value * 10), last: figures, simulated: false }
    })).execute())
    await service.database.inSystem(tx => rollUp(tx, 100))
    const { fired, hours } = (await ask('POST', '/v1/tenants/acme/alert-rules/preview', { rule: { ...rule, threshold: 85, name: 'New' } })).json<AlertRulePreview>()
    expect(hours).toBe(24)
    expect(fired.length).toBeGreaterThanOrEqual(3)
    expect(fired[0]).toMatchObject({ from: new Date(start * 1000).toISOString(), to: new Date((start + 10_000) * 1000).toISOString(), value: 90 })
  })
})
