import type { Envelope, PresenceList } from '@neo-stack/events'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Person } from '../src/presence/record.ts'
import { PresenceService } from '../src/presence/service.ts'
import { heartbeat, mergeConnections, nextChange, type PresenceConnection } from '../src/presence/status.ts'
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
    ['away when nothing was touched for five minutes', [here({ idleSince: now - 300_000 })], 'away'],
    ['online when one tab is in use and the others idle or hidden', [here({ idleSince: now - 400_000 }), here({ hiddenSince: now - 700_000 }), here()], 'online'],
    ['no longer busy after its time', [here({ status: 'busy', until: now })], 'online'],
    ['still online just before the TTL', [here({ seenAt: now - 74_999 })], 'online'],
    ['offline at the TTL', [here({ seenAt: now - 75_000 })], 'offline'],
    ['still there within the grace', [here({ leftAt: now - 14_999 })], 'online'],
    ['gone after the grace', [here({ leftAt: now - 15_000 })], 'offline'],
  ])('is %s', (_, connections, status) => { expect(mergeConnections(connections, now).status).toBe(status) })

  it('is busy by hand on every device, until its time, and offline without any', () => {
    const byHand = { text: 'focus', until: now + 1 }
    expect(mergeConnections([here({ status: 'away' })], now, byHand)).toMatchObject({ status: 'busy', statusText: 'focus' })
    expect(mergeConnections([here()], now + 1, byHand)).toEqual({ status: 'online' })
    expect(mergeConnections([], now, byHand)).toEqual({ status: 'offline' })
  })

  it('names every page that is looked at, the one heard last first, and no hidden one beside them', () => {
    const pages = [here({ currentPage: '/a' }), here({ currentPage: '/b', seenAt: now + 1 }), here({ currentPage: '/c', hiddenSince: now }), here({ currentPage: '/a' })]
    expect(mergeConnections(pages, now)).toEqual({ status: 'online', currentPage: '/b', pages: ['/b', '/a'] })
    expect(mergeConnections([here({ currentPage: '/c', hiddenSince: now })], now)).toEqual({ status: 'online', currentPage: '/c' })
  })

  it('may change by itself at the next of its limits', () => {
    expect(nextChange([here()], now)).toBe(now + 75_000)
    expect(nextChange([here({ leftAt: now }), here({ hiddenSince: now - 599_000 })], now)).toBe(now + 1000)
    expect(nextChange([here({ idleSince: now - 290_000 })], now)).toBe(now + 10_000)
    expect(nextChange([here()], now, { until: now + 5 })).toBe(now + 5)
    expect(nextChange([here({ seenAt: 0 })], now)).toBe(Infinity)
  })

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
    const person = (): Promise<Person> => Promise.resolve({ userName: 'Ana', hideLastSeen: false })
    await presence.updatePresence(key, person, { currentPage: '/' })
    await vi.waitFor(() => { expect(told).toHaveLength(1) })
    await presence.updatePresence(key, person, {})
    const { version } = await presence.getPresenceList('acme')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ type: 'presence_update', channel: 'tenant:acme:presence', data: { version, users: [{ userName: 'Ana', status: 'online', currentPage: '/' }] } })
    clock += 95_000
    await vi.waitFor(() => { expect(told).toHaveLength(2) })
    expect(told[1]?.data).toMatchObject({ version: version + 1, users: [{ status: 'offline' }] })
    await presence.stop()
    await presence.stop()
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

  it('keeps busy and a hidden last seen on every device', async () => {
    const headers = await service.bearer('manager@acme.example')
    const me = (method: 'GET' | 'PUT', payload?: object) => service.app.inject({ method, url: `${url}/me`, headers, ...payload && { payload } })
    await service.app.inject({ method: 'PUT', url: `${url}/me/phone`, headers, payload: {} })
    expect((await me('GET')).json()).toEqual({ hideLastSeen: false, busy: null })
    const until = new Date(service.now() + 60_000).toISOString()
    expect((await me('PUT', { busy: { text: 'reunião', until } })).json()).toEqual({ hideLastSeen: false, busy: { text: 'reunião', until } })
    expect((await service.app.inject({ method: 'PUT', url: `${url}/me/laptop`, headers, payload: {} })).json()).toMatchObject({ status: 'busy', statusText: 'reunião' })
    await me('PUT', { hideLastSeen: true })
    const hidden = (await list()).users.filter(({ lastSeen }) => lastSeen === undefined)
    expect(hidden).toMatchObject([{ status: 'busy' }])
    service.advance(60_000)
    await service.app.inject({ method: 'PUT', url: `${url}/me/laptop`, headers, payload: {} })
    expect((await list()).users.filter(({ lastSeen }) => lastSeen === undefined)).toMatchObject([{ status: 'online' }])
    expect((await me('PUT', { busy: null, hideLastSeen: false })).json()).toEqual({ hideLastSeen: false, busy: null })
    expect((await service.app.inject({ url: `${url}/me`, headers: await service.bearer('viewer@acme.example') })).statusCode).toBe(403)
  })
})
