import type { UserPresence } from '@neo-stack/events'
import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import PresenceFaces from '../src/runtime/components/PresenceFaces.vue'
import UserPresenceList from '../src/runtime/components/UserPresence.vue'
import { useComings } from '../src/runtime/composables/use-comings.ts'
import { useHeartbeat } from '../src/runtime/composables/use-heartbeat.ts'
import { usePresenceEvents } from '../src/runtime/composables/use-presence-events.ts'
import { DAMPING_MS, initialComings, stepComings } from '../src/runtime/presence/comings.ts'
import { inPresenceOrder, isLookingAt, toInitials } from '../src/runtime/presence/order.ts'
import { createApp } from './kit/app.ts'
import { member } from './kit/fake-client.ts'

const user = (userId: string, patch: Partial<UserPresence> = {}): UserPresence =>
  ({ userId, userName: userId, status: 'online', lastSeen: new Date(Date.now() - 330_000).toISOString(), ...patch })
const toMap = (...users: UserPresence[]): ReadonlyMap<string, UserPresence> => new Map(users.map(one => [one.userId, one]))
const me = user(member.id, { userName: 'Zoe', status: 'away' })

describe('the order of people', () => {
  it('is the reader, then by status, then by when they were seen and by name', () => {
    const people = [user('off', { status: 'offline' }), user('away', { status: 'away' }), user('b'), user('busy', { status: 'busy' }), user('a'), me,
      user('long', { status: 'offline', lastSeen: '2020-01-01T00:00:00.000Z' })]
    expect(inPresenceOrder(people, member.id).map(({ userId }) => userId)).toEqual([member.id, 'a', 'b', 'busy', 'away', 'off', 'long'])
  })

  it('knows who looks at a page, in any tab, and nobody who is offline', () => {
    expect(isLookingAt(user('a', { currentPage: '/x' }), '/x')).toBe(true)
    expect(isLookingAt(user('a', { currentPage: '/y', pages: ['/y', '/x'] }), '/x')).toBe(true)
    expect(isLookingAt(user('a', { currentPage: '/x', status: 'offline' }), '/x')).toBe(false)
  })

  it('shortens names to two letters', () => {
    expect(['Ana', 'ana maria souza', '  ', '😀 b'].map(toInitials)).toEqual(['A', 'AS', '?', '😀B'])
  })
})

describe('who came and went', () => {
  const step = (state: typeof initialComings, now: number, ...users: UserPresence[]) => stepComings(state, users, { now, me: 'me' })
  const names = (users: readonly UserPresence[]): string[] => users.map(({ userId }) => userId)

  it('is nobody at the first look, and then whoever is new', () => {
    const first = step(initialComings, 0, user('a'))
    expect([names(first.joined), names(first.left)]).toEqual([[], []])
    expect(names(step(first.state, 1, user('a'), user('b'), user('me')).joined)).toEqual(['b'])
  })

  it('is nobody who returns within 45 s, and a leave after it', () => {
    const here = step(initialComings, 0, user('a')).state
    const gone = step(here, 1000, user('a', { status: 'offline' }))
    const back = step(gone.state, 1000 + DAMPING_MS - 1, user('a'))
    expect([gone.left, back.joined, back.left]).toEqual([[], [], []])
    const later = step(gone.state, 1000 + DAMPING_MS, user('a', { status: 'offline' }))
    expect(names(later.left)).toEqual(['a'])
    expect(names(step(later.state, 60_000, user('a')).joined)).toEqual(['a'])
  })
})

describe('the presence of a tenant', () => {
  it('calls back for each user who changes, and gives the others who look at a page', async () => {
    const { fake, run } = await createApp()
    const told: string[] = []
    const { result } = run(() => {
      const events = usePresenceEvents('acme')
      events.subscribeToPresence(({ userId }) => { told.push(userId) })
      return { ...events, viewers: events.getViewers(() => '/x') }
    })
    expect(fake.presence[0]?.feed.start).toHaveBeenCalledOnce()
    fake.presence[0]?.handlers.onChange(toMap(user('a', { currentPage: '/x' }), user(member.id, { currentPage: '/x' }), user('b', { status: 'offline' })), [user('a')])
    expect(told).toEqual(['a'])
    expect(result.viewers.value.map(({ userId }) => userId)).toEqual(['a'])
    expect(result.onlineUsers.value.map(({ userId }) => userId)).toEqual([member.id, 'a'])
  })

  it('says who came in one look per batch', async () => {
    const { fake, run } = await createApp()
    const onJoin = vi.fn()
    const onLeave = vi.fn()
    const { unmount } = run(() => { useComings('acme', { onJoin, onLeave }) })
    const { handlers } = fake.presence[0] ?? {}
    handlers?.onChange(toMap(user('a')), [user('a')])
    await nextTick()
    handlers?.onChange(toMap(user('a'), user('b'), user('c')), [user('b'), user('c')])
    await nextTick()
    expect(onJoin.mock.calls.map(([users]) => (users as UserPresence[]).map(({ userId }) => userId))).toEqual([['b', 'c']])
    expect(onLeave).not.toHaveBeenCalled()
    unmount()
  })

  it('beats for whoever may be present, follows the page and ends with the session', async () => {
    const { fake, run } = await createApp()
    run(() => { useHeartbeat(() => '/') })
    expect(fake.beats).toEqual([])
    fake.setSession({ state: 'signed-out' })
    await nextTick()
    fake.setSession({ state: 'signed-in', user: { ...member, permissions: ['presence:read', 'presence:write'] } })
    await nextTick()
    expect(fake.beats).toEqual(['/', 'start acme'])
    fake.setSession({ state: 'signed-out' })
    await nextTick()
    expect(fake.beats.at(-1)).toBe('stop')
  })
})

describe('the list of who is here', () => {
  it('shows the reader first, each with status, page and when they were seen', async () => {
    const { fake, mount } = await createApp()
    const wrapper = mount(UserPresenceList, { tenantId: 'acme', toPageLabel: (path: string) => `Página ${path}` })
    const busy = user('b', { status: 'busy', statusText: 'em reunião', currentPage: '/x' })
    fake.presence[0]?.handlers.onChange(toMap(busy, me, user('o', { status: 'offline', currentPage: '/y' })), [])
    await nextTick()
    const rows = wrapper.findAll('[data-testid=presence-user]').map(row => row.text())
    expect(rows[0]).toContain('Zoe (você)')
    expect(rows[1]).toContain('Ocupado – em reunião · Página /x')
    expect(rows[1]).toContain('há 5 min')
    expect(rows[2]).not.toContain('/y')
    expect(wrapper.get('[data-testid=presence-count]').text()).toBe('(2)')
    wrapper.unmount()
  })

  it('shows a full tenant step by step', async () => {
    const { fake, mount } = await createApp()
    const wrapper = mount(UserPresenceList, { tenantId: 'acme', limit: 6 })
    fake.presence[0]?.handlers.onChange(toMap(...Array.from({ length: 150 }, (_, n) => user(`u-${String(n).padStart(3, '0')}`))), [])
    await nextTick()
    const more = wrapper.get('[data-testid=presence-more]')
    const seen: [number, string][] = []
    for (let press = 0; press < 4; press++) {
      seen.push([wrapper.findAll('[data-testid=presence-user]').length, more.text()])
      await more.trigger('click')
    }
    expect(seen).toEqual([[6, 'Mostrar mais (faltam 144)'], [106, 'Mostrar todos (150)'], [150, 'Mostrar menos'], [6, 'Mostrar mais (faltam 144)']])
    wrapper.unmount()
  })

  it('says when it is denied', async () => {
    const { fake, mount } = await createApp()
    const wrapper = mount(UserPresenceList, { tenantId: 'acme' })
    fake.presence[0]?.handlers.onStatus?.({ state: 'denied', reason: { code: 'forbidden', detail: '' } })
    await nextTick()
    expect(wrapper.find('[data-testid=feed-notice]').exists()).toBe(true)
    wrapper.unmount()
  })

  it('names the faces of those who look at the same page', async () => {
    const { fake, mount } = await createApp('en')
    const wrapper = mount(PresenceFaces, { tenantId: 'acme', page: '/x' })
    expect(wrapper.text()).toBe('')
    fake.presence[0]?.handlers.onChange(toMap(user('Ana Souza', { currentPage: '/x' }), user('Bob', { currentPage: '/y' })), [])
    await nextTick()
    expect(wrapper.text()).toContain('Also looking at this page: Ana Souza (Online)')
    expect(wrapper.text()).toContain('AS')
    expect(wrapper.text()).not.toContain('Bob')
    wrapper.unmount()
  })
})
