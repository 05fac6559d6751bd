import type { Envelope, PresenceList } from '@neo-stack/events'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PresenceService } from '../src/presence/service.ts'
import { heartbeat, mergeConnections, type PresenceConnection } from '../src/presence/status.ts'
import { startService, type TestService } from './service.ts'

const here = (patch: Partial<PresenceConnection> = {}): PresenceConnection => ({ seenAt: 1_000_000, ...patch })

describe('the status of a user', () => {
  const now = 1_000_000
  it.each<[string, PresenceConnection[], string]>([
    ['offline without a connection', [], 'offline'],
    ['online with one', [here()], 'online'],
    ['away when every connection is', [here({ status: 'away' }), here({ hiddenSince: now - 600_000 })], 'away'],
    ['online when one is not away', [here({ status: 'away' }), here()], 'online'],
    ['busy when one says so', [here(), here({ status: 'busy' })], 'busy'],
    ['no longer busy after its time', [here({ status: 'busy', until: now })], 'online'],
    ['still online just before the TTL', [here({ seenAt: now - 74_999 })], 'online'],
    ['offline at the TTL', [here({ seenAt: now - 75_000 })], 'offline'],
    ['still there within the grace', [here({ leftAt: now - 14_999 })], 'online'],
    ['gone after the grace', [here({ leftAt: now - 15_000 })], 'offline'],
  ])('is %s', (_, connections, status) => { expect(mergeConnections(connections, now).status).toBe(status) })

  it('keeps what a heartbeat does not say, and comes back with one', () => {
    const busy = heartbeat(undefined, { status: 'busy', statusText: 'in a call', currentPage: '/a' }, 0)
    expect(heartbeat({ ...busy, leftAt: 1 }, {}, 5)).toEqual({ ...busy, seenAt: 5 })
    expect(heartbeat(busy, { status: 'online' }, 5)).toEqual({ seenAt: 5, status: 'online', currentPage: '/a' })
    expect(heartbeat(heartbeat(busy, { hidden: true }, 7), { hidden: true }, 9).hiddenSince).toBe(7)
  })
})

describe('PresenceService', () => {
  const key = { tenantId: 'acme', userId: '018f0000-0000-7000-8000-000000000001', connectionId: 'tab-1' }

  it('tells changes only, each batch under the next version, and no ghost after 95 s', async () => {
    let clock = 1_000_000
    const told: Envelope[] = []
    const presence = new PresenceService({ now: () => clock, batchMs: 5, realtime: { deliver: events => { told.push(...events); return Promise.resolve() } } })
    presence.updatePresence(key, 'Ana', { currentPage: '/' })
    await vi.waitFor(() => { expect(told).toHaveLength(1) })
    presence.updatePresence(key, 'Ana', {})
    const { version } = presence.getPresenceList('acme')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ type: 'presence_update', channel: 'tenant:acme:presence', data: { version, users: [{ userName: 'Ana', status: 'online', currentPage: '/' }] } })
    clock += 95_000
    await vi.waitFor(() => { expect(told).toHaveLength(2) })
    expect(told[1]?.data).toMatchObject({ version: version + 1, users: [{ status: 'offline' }] })
    presence.stop()
    presence.stop()
  })
})

describe('presence over HTTP', () => {
  let service: TestService
  const url = '/v1/tenants/acme/presence'
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())
  const list = async (who = 'viewer@acme.example'): Promise<PresenceList> => (await service.app.inject({ url, headers: await service.bearer(who) })).json()

  it('shows who is here over all tabs, and that the last one left', async () => {
    const headers = await service.bearer('member@acme.example')
    const put = (tab: string, payload: object) => service.app.inject({ method: 'PUT', url: `${url}/me/${tab}`, headers, payload })
    expect((await put('a', { currentPage: '/instances' })).json()).toMatchObject({ status: 'online', currentPage: '/instances' })
    await put('b', { status: 'busy', statusText: 'in a call' })
    const first = await list()
    expect(first.users).toMatchObject([{ status: 'busy', statusText: 'in a call' }])
    for (const tab of ['a', 'b']) {
      expect((await service.app.inject({ method: 'DELETE', url: `${url}/me/${tab}`, headers })).statusCode).toBe(204)
    }
    service.advance(16_000)
    const second = await list()
    expect(second.users).toMatchObject([{ status: 'offline' }])
    expect(second.version).toBeGreaterThan(first.version)
  })

  it('lets no viewer, key or other tenant in', async () => {
    const put = async (headers: Record<string, string>, payload: object = {}) => (await service.app.inject({ method: 'PUT', url: `${url}/me/x`, headers, payload })).statusCode
    expect(await put(await service.bearer('viewer@acme.example'))).toBe(403)
    expect(await put({ authorization: `Bearer ${service.keyOf('acme')}` })).toBe(403)
    expect(await put(await service.bearer('owner@globex.example'))).toBe(404)
    expect(await put(await service.bearer('member@acme.example'), { status: 'offline' })).toBe(400)
  })
})
