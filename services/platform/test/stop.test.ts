import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { stopOnSignals, type Stoppable } from '../src/stop.ts'

function fakeProcess(): EventEmitter & Stoppable & { exited: Promise<number> } {
  const events = new EventEmitter()
  let exit: (code: number) => void = () => undefined
  const exited = new Promise<number>(resolve => { exit = resolve })
  return Object.assign(events, { exit, exited }) as EventEmitter & Stoppable & { exited: Promise<number> }
}

describe('stopping', () => {
  it('closes once whatever many signals come, and ends with 0', async () => {
    const host = fakeProcess()
    let closes = 0
    const said: string[] = []
    stopOnSignals({ host, withinMs: 5000, tell: text => said.push(text), close: () => { closes++; return Promise.resolve() } })
    host.emit('SIGTERM')
    host.emit('SIGTERM')
    host.emit('SIGINT')
    expect(await host.exited).toBe(0)
    expect(closes).toBe(1)
    expect(said).toEqual([])
  })

  it.each([
    ['hangs', () => new Promise<void>(() => undefined), 'did not stop within'],
    ['fails', () => Promise.reject(new Error('disk gone')), 'disk gone'],
  ])('ends with 1 and a sentence when closing %s', async (_, close, expected) => {
    const host = fakeProcess()
    const said: string[] = []
    stopOnSignals({ host, withinMs: 20, tell: text => said.push(text), close })
    host.emit('SIGTERM')
    expect(await host.exited).toBe(1)
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(expected)
  })

  it('closes after a fault nobody caught, says it, and ends with 1', async () => {
    const host = fakeProcess()
    const said: string[] = []
    let closes = 0
    stopOnSignals({ host, withinMs: 5000, tell: text => said.push(text), close: () => { closes++; return Promise.resolve() } })
    host.emit('unhandledRejection', new Error('boom'))
    expect(await host.exited).toBe(1)
    expect([closes, said[0]?.includes('boom')]).toEqual([1, true])
  })
})
