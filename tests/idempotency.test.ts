/** One key, one event, however often and at whatever time it is sent (RELIABILITY C3, F31). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem, Published } from '@neo-stack/events'
import type { TestPlatform, WrittenTransaction } from '@neo-stack/testing'
import { startColumn } from './column.ts'

describe('64 parallel requests with one idempotency key', () => {
  let platform: TestPlatform
  beforeAll(async () => { platform = await startColumn() })
  afterAll(async () => { await platform?.stop() })

  const channel = (tenantId: string): string => `tenant:${tenantId}:alerts`
  const alert = (message: string, tenantId = 'acme'): object => ({ channel: channel(tenantId), type: 'alert', data: { severity: 'info', message } })
  const post = (path: string, body: object, { key, tenantId = 'acme' }: { key?: string, tenantId?: string } = {}): Promise<Response> =>
    fetch(platform.url + path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'authorization': `Bearer ${platform.keys[tenantId]}`, 'content-type': 'application/json', ...key !== undefined && { 'idempotency-key': key } },
    })
  const countOf = async (message: string, tenantId = 'acme'): Promise<number> => {
    const { events } = await platform.service(tenantId).rest.events.history({ channel: channel(tenantId), limit: 1000 })
    return events.filter(({ data }) => data['message'] === message).length
  }

  test.each([['as a header', true], ['as a field', false]])('make one event and give one answer, the key %s', async (_name, asHeader) => {
    const key = `parallel-${asHeader}`
    const message = `One event ${asHeader}`
    const body = asHeader ? alert(message) : { ...alert(message), idempotencyKey: key }
    const answers = await Promise.all(Array.from({ length: 64 }, () => post('/v1/events', body, asHeader ? { key } : {})))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    const bodies = await Promise.all(answers.map(answer => answer.json() as Promise<Published>))
    expect(new Set(bodies.map(published => JSON.stringify(published))).size).toBe(1)
    expect(await countOf(message)).toBe(1)
  })

  test('and another body: one body wins, the others are told 409 and publish nothing', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => post('/v1/events', alert(`Body ${n % 2}`), { key: 'two-bodies' })))
    const winners = answers.filter(({ status }) => status === 201)
    const losers = answers.filter(({ status }) => status === 409)
    expect([winners.length, losers.length]).toEqual([32, 32])
    expect(await losers[0]?.json()).toMatchObject({ code: 'idempotency_conflict', status: 409 } satisfies Partial<Problem>)
    expect(await countOf('Body 0') + await countOf('Body 1')).toBe(1)
  })

  test('make one batch', async () => {
    const body = { events: [alert('Of a batch'), alert('Of a batch')] }
    const answers = await Promise.all(Array.from({ length: 64 }, () => post('/v1/events/batch', body, { key: 'batch' })))
    expect(new Set(await Promise.all(answers.map(answer => answer.text()))).size).toBe(1)
    expect(await countOf('Of a batch')).toBe(2)
  })

  test('make one deployment', async () => {
    const body = { instanceType: 'odoo', name: 'Only one' }
    const answers = await Promise.all(Array.from({ length: 64 }, () => post('/v1/tenants/acme/deployments', body, { key: 'deployment' })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(await Promise.all(answers.map(answer => answer.text()))).size).toBe(1)
    const { deployments } = await platform.service('acme').rest.deployments.list('acme', { limit: 200 })
    expect(deployments.filter(({ name }) => name === 'Only one')).toHaveLength(1)
  })

  test('of two tenants are two events', async () => {
    await Promise.all(['acme', 'globex'].map(async tenantId => {
      const answers = await Promise.all(Array.from({ length: 32 }, () => post('/v1/events', alert('Same key', tenantId), { key: 'shared', tenantId })))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    }))
    expect([await countOf('Same key'), await countOf('Same key', 'globex')]).toEqual([1, 1])
  })

  test('are free for another body after a refused one: what is refused stores nothing', async () => {
    const refused = await post('/v1/events', { ...alert('Refused'), type: 'no_such_type' }, { key: 'reused' })
    expect(refused.status).toBe(400)
    expect((await post('/v1/events', alert('Accepted'), { key: 'reused' })).status).toBe(201)
    expect(await countOf('Accepted')).toBe(1)
  })
})

describe('publishes of two tenants at the same time', () => {
  let platform: TestPlatform
  beforeAll(async () => { platform = await startColumn() })
  afterAll(async () => { await platform?.stop() })

  const ofAlerts = async (): Promise<WrittenTransaction[]> => (await platform.transactions()).filter(({ channels }) => channels.some(name => name.endsWith(':alerts')))

  test('share transactions within a tenant and never across', async () => {
    const tenants = Array.from({ length: 200 }, (_, n) => n % 2 === 0 ? 'acme' : 'globex')
    // A loop that a database blocks accepts one connection a turn: they are opened before, or publishes come one at a time.
    await Promise.all(tenants.map(tenantId => platform.service(tenantId).rest.events.history({ channel: `tenant:${tenantId}:alerts` })))
    // Of a shared cluster there is what others published before.
    const before = new Set((await ofAlerts()).map(({ id }) => id))
    await Promise.all(tenants.map((tenantId, n) =>
      platform.service(tenantId).rest.events.publish({ channel: `tenant:${tenantId}:alerts`, type: 'alert', data: { severity: 'info', message: `Event ${n}` } })))
    const alerts = (await ofAlerts()).filter(({ id }) => !before.has(id))
    expect(alerts.flatMap(({ tenants }) => tenants.length)).toEqual(alerts.map(() => 1))
    expect(alerts.reduce((sum, { events }) => sum + events, 0)).toBe(200)
    // Otherwise this proves nothing: publishes were gathered.
    expect(alerts.some(({ events }) => events > 1)).toBe(true)
  })
})
