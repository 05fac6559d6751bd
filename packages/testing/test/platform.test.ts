import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createJournal, createTestPlatform, findLeaks, until, type TestPlatform } from '../src/index.ts'

describe('the platform in process', () => {
  let platform: TestPlatform
  beforeAll(async () => { platform = await createTestPlatform() }, 60_000)
  afterAll(async () => { await platform?.stop() })

  test('has the demonstration\'s tenants, a signed-in client for each role and the operator', async () => {
    expect(platform.tenants).toEqual(['acme', 'globex'])
    const member = await platform.client('member', 'globex')
    expect(member.session.user).toMatchObject({ tenantId: 'globex', roles: ['member'] })
    expect((await platform.operator()).session.user).toMatchObject({ tenantId: 'platform' })
    expect(platform.service('acme')).toBe(platform.service('acme'))
  })

  test('deploys at once and tells it to a client that is cut meanwhile', async () => {
    const proxy = await platform.proxy(3)
    const journal = createJournal()
    const member = await platform.client('member', 'acme', { proxy, journal, connection: { minReconnectMs: 5, maxReconnectMs: 20 } })
    const statuses: string[] = []
    const feed = member.feeds.deployments('acme', { onChange: () => undefined, onEvent: (_event, deployment) => { statuses.push(deployment?.status ?? '') } })
    feed.start()
    await until(() => feed.status.state === 'live')
    await platform.service('acme').rest.deployments.create('acme', { instanceType: 'odoo', name: 'Told-by-the-kit' })
    proxy.cut()
    await until(() => statuses.includes('completed'), { timeoutMs: 15_000 })
    expect(proxy.counts.cut).toBeGreaterThan(0)
    // The journal holds what came over the wire: the checker would find it.
    expect(findLeaks(journal.transcripts, ['Told-by-the-kit'])).not.toEqual([])
  }, 20_000)

  test('tells which transaction wrote which events', async () => {
    await platform.service('globex').rest.events.publish({ channel: 'tenant:globex:alerts', type: 'alert', data: { severity: 'info', message: 'One' } })
    expect(await platform.transactions()).toContainEqual({ id: expect.stringMatching(/^\d+$/) as string, tenants: ['globex'], channels: ['tenant:globex:alerts'], events: 1 })
  })

  test('two of them share nothing', async () => {
    await using other = await createTestPlatform()
    expect(other.url).not.toBe(platform.url)
    expect(await other.transactions()).toEqual([])
    await Promise.all([other.stop(), other.stop()])
    await expect(fetch(`${other.url}/livez`)).rejects.toThrow()
  }, 30_000)
})
