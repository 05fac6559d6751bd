import { describe, expect, it, vi } from 'vitest'
import { keepConnected } from '../src/runtime/recovery.ts'
import { createFakeClient, member } from './kit/fake-client.ts'

const closed = { state: 'closed', since: 1, code: 3500, reason: 'terminated' } as const

function watch() {
  const fake = createFakeClient()
  const waits: { callback: () => void, ms: number }[] = []
  const stop = keepConnected(fake.client, { later: (callback, ms) => { waits.push({ callback, ms }) }, random: () => 0.999 })
  return { fake, waits, stop, connect: vi.mocked(fake.client.connection.connect) }
}

describe('a connection that the service closed', () => {
  it('is made again after a while when the person is still signed in', () => {
    const { fake, waits, connect } = watch()
    fake.setConnection(closed)
    expect(connect).not.toHaveBeenCalled()
    waits[0]?.callback()
    expect(connect).toHaveBeenCalledOnce()
  })

  it('stays closed when the session ended', () => {
    const { fake, waits, connect } = watch()
    fake.setConnection(closed)
    fake.setSession({ state: 'signed-out', reason: 'session_revoked' })
    waits[0]?.callback()
    expect(connect).not.toHaveBeenCalled()
  })

  it('is asked for ever less often while it is refused, and soon again after it stood', () => {
    const { fake, waits } = watch()
    for (let i = 0; i < 3; i++) fake.setConnection(closed)
    fake.setConnection({ state: 'connected', since: 2 })
    fake.setConnection(closed)
    const [first = 0, second = 0, third = 0, afterwards = 0] = waits.map(({ ms }) => ms)
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second)
    expect(afterwards).toBe(first)
  })

  it('is left alone once told to stop', () => {
    const { fake, waits, stop, connect } = watch()
    fake.setConnection(closed)
    stop()
    waits[0]?.callback()
    fake.setSession({ state: 'signed-in', user: member })
    fake.setConnection(closed)
    expect(connect).not.toHaveBeenCalled()
    expect(waits).toHaveLength(1)
  })
})
