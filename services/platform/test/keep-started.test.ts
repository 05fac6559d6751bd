import { describe, expect, it } from 'vitest'
import { keepStarted, type Again } from '../src/keep-started.ts'

function createParts(failAt?: number): { seen: string[], agains: Again[], start: (again: Again) => Promise<{ n: number, close: () => Promise<void> }> } {
  const [seen, agains]: [string[], Again[]] = [[], []]
  return {
    seen, agains,
    start: again => {
      const n = agains.push(again)
      seen.push(`start ${n}`)
      if (n === failAt) return Promise.reject(new Error('no'))
      return Promise.resolve({ n, close: () => { seen.push(`close ${n}`); return Promise.resolve() } })
    },
  }
}

describe('what is kept started', () => {
  it('is closed and started again when it asks for it, with what comes between', async () => {
    const { seen, agains, start } = createParts()
    const { first, close } = await keepStarted(start, error => { throw error })
    agains[0]?.(() => { seen.push('between'); return Promise.resolve() })
    await expect.poll(() => seen).toEqual(['start 1', 'close 1', 'between', 'start 2'])
    expect(first.n).toBe(1)
    await close()
    expect(seen.at(-1)).toBe('close 2')
  })

  it('starts no more once it was ended', async () => {
    const { seen, agains, start } = createParts()
    const { close } = await keepStarted(start, error => { throw error })
    const ended = close()
    agains[0]?.()
    await ended
    expect(seen).toEqual(['start 1', 'close 1'])
  })

  it('tells why it could not be started again', async () => {
    const { agains, start } = createParts(2)
    const faults: unknown[] = []
    await keepStarted(start, error => { faults.push(error) })
    agains[0]?.()
    await expect.poll(() => faults).toEqual([new Error('no')])
  })
})
