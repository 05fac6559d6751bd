import type { SetPresence } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { ApiError, createHeartbeat } from '../src/index.ts'
import type { CallOptions, ConnectionStatus, Heartbeat, PageEvent } from '../src/index.ts'
import { createManualClock, flush } from './kit/clock.ts'
import type { ManualClock } from './kit/clock.ts'

interface Tab {
  heartbeat: Heartbeat
  clock: ManualClock
  said: SetPresence[]
  left: CallOptions[]
  errors: ApiError[]
  page: { isHidden: boolean, tell: (event: PageEvent) => Promise<void> }
  connect: (state: 'offline' | 'connected') => Promise<void>
}

function setUp(): Tab {
  const clock = createManualClock()
  const said: SetPresence[] = []
  const left: CallOptions[] = []
  const errors: ApiError[] = []
  const onPage = new Set<(event: PageEvent) => void>()
  const onStatus = new Set<(status: ConnectionStatus) => void>()
  let status: ConnectionStatus = { state: 'connected', since: 0 }
  const page = { isHidden: false, tell: async (event: PageEvent) => { for (const listener of [...onPage]) listener(event); await flush() } }
  const presence = {
    beat: async (_: unknown, body: SetPresence) => {
      said.push(body)
      const error = errors.shift()
      if (error) throw error
      return {}
    },
    leave: async (_: unknown, options: CallOptions = {}) => { left.push(options) },
  } as unknown as Parameters<typeof createHeartbeat>[0]['rest']['presence']
  const heartbeat = createHeartbeat({
    clock, tenantId: 'acme', connectionId: 'tab-1', rest: { presence },
    page: { isHidden: () => page.isHidden, listen: listener => { onPage.add(listener); return () => { onPage.delete(listener) } } },
    connection: { get status() { return status }, onStatus: listener => { onStatus.add(listener); return () => { onStatus.delete(listener) } } },
  })
  return {
    heartbeat, clock, said, left, errors, page,
    connect: async state => {
      status = state === 'offline' ? { state, since: 0, nextRetryAt: undefined, reason: '' } : { state, since: 0 }
      for (const listener of [...onStatus]) listener(status)
      await flush()
    },
  }
}

const start = async (tab: Tab): Promise<void> => {
  tab.heartbeat.setPage('/')
  tab.heartbeat.start()
  await flush()
}

describe('a heartbeat', () => {
  test('beats at once, each 25 s, and when the page changes', async () => {
    const tab = setUp()
    await start(tab)
    expect(tab.said).toEqual([{ hidden: false, currentPage: '/' }])
    await tab.clock.advance(50_000)
    expect(tab.said).toHaveLength(3)
    tab.heartbeat.setPage('/instances')
    tab.heartbeat.setPage('/instances')
    await flush()
    expect(tab.said.at(-1)).toEqual({ hidden: false, currentPage: '/instances' })
    expect(tab.said).toHaveLength(4)
    expect(tab.clock.pending).toEqual([25_000])
  })

  test('says at once when the tab is hidden or shown, and since when nothing was touched', async () => {
    const tab = setUp()
    await start(tab)
    tab.page.isHidden = true
    await tab.page.tell('visibility')
    expect(tab.said.at(-1)).toMatchObject({ hidden: true })
    expect(tab.clock.pending).toEqual([10_000])
    await tab.clock.advance(10_000)
    expect(tab.clock.pending).toEqual([25_000])
    await tab.clock.advance(320_000)
    expect(tab.said.at(-1)?.idleSeconds).toBeGreaterThanOrEqual(300)
    const before = tab.said.length
    tab.page.isHidden = false
    await tab.page.tell('touch')
    expect(tab.said).toHaveLength(before + 1)
    expect(tab.said.at(-1)).toEqual({ hidden: false, currentPage: '/' })
    await tab.page.tell('touch')
    expect(tab.said).toHaveLength(before + 1)
  })

  test('beats within the grace while there is no socket, and when it is back', async () => {
    const tab = setUp()
    await start(tab)
    await tab.connect('offline')
    expect(tab.said).toHaveLength(2)
    await tab.clock.advance(10_000)
    expect(tab.said).toHaveLength(3)
    await tab.connect('connected')
    expect(tab.said).toHaveLength(4)
    expect(tab.clock.pending).toEqual([25_000])
  })

  test('tries again soon after a beat that failed, and ends where nobody may be present', async () => {
    const tab = setUp()
    tab.errors.push(new ApiError({ code: 'network', status: 0, detail: '' }))
    await start(tab)
    expect(tab.clock.pending).toEqual([10_000])
    tab.errors.push(new ApiError({ code: 'forbidden', status: 403, detail: '' }))
    await tab.clock.advance(10_000)
    expect(tab.said).toHaveLength(2)
    expect(tab.clock.pending).toEqual([])
    await tab.page.tell('visibility')
    expect(tab.said).toHaveLength(2)
  })

  test('has a last word that outlives the page, and takes it back when the page does', async () => {
    const tab = setUp()
    await start(tab)
    await tab.page.tell('leave')
    expect(tab.left).toMatchObject([{ keepalive: true }])
    await tab.clock.advance(60_000)
    expect(tab.said).toHaveLength(1)
    await tab.page.tell('return')
    expect(tab.said).toHaveLength(2)
    tab.heartbeat.stop()
    tab.heartbeat.stop()
    expect(tab.left).toHaveLength(2)
    expect(tab.clock.pending).toEqual([])
  })
})
