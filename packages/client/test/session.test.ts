import type { Session as SignedIn } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { ApiError, createSession } from '../src/index.ts'
import type { Rest, Session, SessionOptions, SessionStatus, TabChannel, Tabs } from '../src/index.ts'
import { createManualClock, flush } from './kit/clock.ts'
import type { ManualClock } from './kit/clock.ts'

const user = { id: 'u1', tenantId: 'acme', name: 'Ana', roles: ['member'], permissions: [] }
const refusal = new ApiError({ code: 'session_expired', status: 401, detail: 'ended' })
const noNetwork = new ApiError({ code: 'network', status: 0, detail: 'no network' })

/** The service's side: one cookie per browser, tokens of 300 s, counts renewals and how many run at once. */
function createBrowser(clock: ManualClock): { rest: Pick<Rest, 'session'>, state: { hasCookie: boolean, refreshes: number, running: number, most: number, error: ApiError | undefined, asked: string[] } } {
  const state = { hasCookie: false, refreshes: 0, running: 0, most: 0, error: undefined as ApiError | undefined, asked: [] as string[] }
  const open = (name: string): SignedIn => ({ user, accessToken: name, expiresAt: new Date(clock.now() + 300_000).toISOString() })
  const rest = {
    session: {
      signIn: async () => { state.hasCookie = true; return open('signed in') },
      refresh: async (portal: string) => {
        state.asked.push(portal)
        state.running++
        state.most = Math.max(state.most, state.running)
        await flush()
        state.running--
        state.refreshes++
        if (state.error) throw state.error
        if (!state.hasCookie) throw refusal
        return open(`renewed ${state.refreshes}`)
      },
      signOut: async () => { state.hasCookie = false },
      whoAmI: async () => ({ user }),
      providers: async () => ({ providers: [] }),
    },
  }
  return { rest, state }
}

/** What two tabs of one browser share: a lock that one holds at a time and a channel the others hear. */
function createTabs(): () => Required<Tabs> {
  let last: Promise<unknown> = Promise.resolve()
  const listeners: { owner: object, listener: (event: { data: unknown }) => void }[] = []
  const locks = { request: <Result>(_: string, work: () => Promise<Result>) => { const mine = last.then(work, work); last = mine.catch(() => undefined); return mine } }
  return () => {
    const owner: TabChannel = {
      postMessage: data => { for (const one of listeners) if (one.owner !== owner) queueMicrotask(() => { one.listener({ data: structuredClone(data) }) }) },
      addEventListener: (_, listener) => { listeners.push({ owner, listener }) },
      close: () => { listeners.splice(0, listeners.length, ...listeners.filter(one => one.owner !== owner)) },
    }
    return { locks, channel: owner }
  }
}

function setUp(more: Partial<SessionOptions> = {}): { session: Session, clock: ManualClock, statuses: SessionStatus[] } & ReturnType<typeof createBrowser> {
  const clock = createManualClock()
  const browser = createBrowser(clock)
  const session = createSession({ rest: browser.rest, portal: 'tenant', clock, random: () => 0, ...more })
  const statuses: SessionStatus[] = []
  session.onChange(status => { statuses.push(status) })
  return { session, clock, statuses, ...browser }
}

describe('signing in and out', () => {
  test('a page without the cookie that tells of a session asks nothing', async () => {
    const { session, state } = setUp({ mayRestore: () => false })
    expect(await session.restore()).toBeUndefined()
    expect([state.refreshes, session.status]).toEqual([0, { state: 'signed-out' }])
    expect(await session.signIn('ana@acme.example', 'secret')).toEqual(user)
  })

  test('the token is kept in memory and the user known until the sign-out', async () => {
    const { session, statuses, state } = setUp()
    expect(await session.getAccessToken()).toBeUndefined()
    expect(await session.signIn('ana@acme.example', 'secret')).toEqual(user)
    expect([await session.getAccessToken(), session.user]).toEqual(['signed in', user])
    await session.signOut()
    expect([await session.getAccessToken(), session.user, state.hasCookie]).toEqual([undefined, undefined, false])
    expect(statuses).toEqual([{ state: 'signed-in', user }, { state: 'signed-out' }])
  })

  test('restore takes up the session of the cookie, and finds none where there is none', async () => {
    const { session, statuses, state } = setUp()
    state.hasCookie = true
    expect(await session.restore()).toEqual(user)
    expect(await session.restore()).toEqual(user)
    expect([state.refreshes, state.asked]).toEqual([1, ['tenant']])
    expect(statuses.map(status => status.state)).toEqual(['restoring', 'signed-in'])
    const other = setUp()
    expect(await other.session.restore()).toBeUndefined()
    expect(other.statuses).toEqual([{ state: 'restoring' }, { state: 'signed-out' }])
  })

  test('a restore that cannot find out leaves it unknown', async () => {
    const { session, state } = setUp()
    state.error = noNetwork
    await expect(session.restore()).rejects.toBe(noNetwork)
    expect(session.status).toEqual({ state: 'unknown' })
  })

  test('a token asked for during the restore is the restored one', async () => {
    const { session, state } = setUp()
    state.hasCookie = true
    const restored = session.restore()
    expect(await session.getAccessToken()).toBe('renewed 1')
    await restored
  })

  test('a renewal that is answered after the sign-out does not sign in again', async () => {
    const { session, state, statuses } = setUp()
    state.hasCookie = true
    const restored = session.restore()
    await session.signOut()
    expect(await restored).toBeUndefined()
    expect(statuses.at(-1)).toEqual({ state: 'signed-out' })
    expect(await session.getAccessToken()).toBeUndefined()
  })
})

describe('renewing', () => {
  test('comes ahead of the end, again and again, and tells nobody', async () => {
    const { session, clock, state, statuses } = setUp()
    await session.signIn('ana@acme.example', 'secret')
    expect(clock.pending).toEqual([240_000])
    await clock.advance(240_000)
    expect([state.refreshes, await session.getAccessToken()]).toEqual([1, 'renewed 1'])
    await clock.advance(240_000)
    expect(state.refreshes).toBe(2)
    expect(statuses).toHaveLength(1)
  })

  test('jitter spreads it before 80 % of the life', async () => {
    const { session, clock } = setUp({ random: () => 0.5 })
    await session.signIn('ana@acme.example', 'secret')
    expect(clock.pending).toEqual([225_000])
  })

  test('a JWT\'s own figures count, not this side\'s clock', async () => {
    const { session, clock, rest } = setUp()
    const payload = Buffer.from(JSON.stringify({ iat: 1000, exp: 1100 })).toString('base64url')
    rest.session.signIn = async () => ({ user, accessToken: `h.${payload}.s`, expiresAt: '1999-01-01T00:00:00.000Z' })
    await session.signIn('ana@acme.example', 'secret')
    expect(clock.pending).toEqual([80_000])
  })

  test('without network it is tried again, and the session stays', async () => {
    const { session, clock, state } = setUp()
    await session.signIn('ana@acme.example', 'secret')
    state.error = noNetwork
    await clock.advance(240_000)
    expect(session.user).toEqual(user)
    expect(clock.pending).toHaveLength(1)
    state.error = undefined
    await clock.advance(30_000)
    expect(await session.getAccessToken()).toBe('renewed 2')
  })

  test('a session that ended is signed out with the reason', async () => {
    const { session, clock, state, statuses } = setUp()
    await session.signIn('ana@acme.example', 'secret')
    state.hasCookie = false
    await clock.advance(240_000)
    expect(statuses.at(-1)).toEqual({ state: 'signed-out', reason: 'session_expired' })
    expect(clock.pending).toEqual([])
  })

  test('a token at its end is renewed before it is used, by whoever asks first', async () => {
    const { session, clock, state, rest } = setUp()
    rest.session.signIn = async () => ({ user, accessToken: 'short', expiresAt: new Date(clock.now() + 4000).toISOString() })
    await session.signIn('ana@acme.example', 'secret')
    state.hasCookie = true
    expect(await Promise.all([session.getAccessToken(), session.getAccessToken(), session.renewAccessToken('short')])).toEqual(['renewed 1', 'renewed 1', 'renewed 1'])
    expect(state.refreshes).toBe(1)
    expect(await session.renewAccessToken('short')).toBe('renewed 1')
    expect(state.refreshes).toBe(1)
  })

  test('a closed session renews no more', async () => {
    const { session, clock } = setUp()
    await session.signIn('ana@acme.example', 'secret')
    session.close()
    session.close()
    expect(clock.pending).toEqual([])
  })
})

describe('two tabs of one browser', () => {
  const setUpTabs = (): { tabs: Session[], clock: ManualClock, statuses: SessionStatus[][] } & ReturnType<typeof createBrowser> => {
    const clock = createManualClock()
    const browser = createBrowser(clock)
    const open = createTabs()
    const tabs = [0, 1].map(() => createSession({ rest: browser.rest, portal: 'tenant', clock, random: () => 0, tabs: open() }))
    const statuses = tabs.map(tab => {
      const seen: SessionStatus[] = []
      tab.onChange(status => { seen.push(status) })
      return seen
    })
    return { tabs, clock, statuses, ...browser }
  }

  test('renew one at a time, and one renewal serves both', async () => {
    const { tabs, clock, state } = setUpTabs()
    state.hasCookie = true
    await Promise.all(tabs.map(tab => tab.restore()))
    expect([state.refreshes, state.most]).toEqual([1, 1])
    await clock.advance(240_000)
    expect([state.refreshes, state.most]).toEqual([2, 1])
    expect(await Promise.all(tabs.map(tab => tab.getAccessToken()))).toEqual(['renewed 2', 'renewed 2'])
  })

  test('without a channel the lock alone still keeps them apart', async () => {
    const clock = createManualClock()
    const { rest, state } = createBrowser(clock)
    state.hasCookie = true
    const open = createTabs()
    const tabs = [0, 1].map(() => createSession({ rest, portal: 'tenant', clock, tabs: { locks: open().locks } }))
    await Promise.all(tabs.map(tab => tab.restore()))
    expect([state.refreshes, state.most]).toEqual([2, 1])
  })

  test('sign in and out together', async () => {
    const { tabs, statuses } = setUpTabs()
    await tabs[0]?.signIn('ana@acme.example', 'secret')
    await flush()
    expect(tabs[1]?.user).toEqual(user)
    await tabs[1]?.signOut()
    await flush()
    expect(tabs[0]?.user).toBeUndefined()
    expect(statuses.map(seen => seen.map(({ state }) => state))).toEqual([['signed-in', 'signed-out'], ['signed-in', 'signed-out']])
  })
})
