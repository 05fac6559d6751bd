import { expect, test } from 'vitest'
import { Flusher, restAfter } from '../src/flusher.ts'

const turn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

/** A flusher whose flushes take so many milliseconds each, and who was flushed in which order. */
function watched(tookMs: number): { flusher: Flusher, told: string[], connection: (name: string) => { flush: () => void } } {
  let now = 0
  const told: string[] = []
  const connection = (name: string): { flush: () => void } => ({
    flush() {
      now += tookMs
      told.push(name)
    },
  })
  return { flusher: new Flusher(() => now), told, connection }
}

test.each([
  [0, Infinity, 0], [0.01, 0, 0.1], [0.5, 0, 5], [0.5, 4, 1], [0.5, 6, 0], [100, 0, 16], [100, 17, 0],
])('after a flush of %d ms, %d ms ago, what may wait waits for %d ms', (took, since, rest) => {
  expect(restAfter(took, since)).toBeCloseTo(rest, 9)
})

test('while flushing is cheap everything goes after the turn', async () => {
  const { flusher, told, connection } = watched(0)
  for (const name of ['a', 'b', 'c']) {
    flusher.add(connection(name))
    await turn()
    expect(told.splice(0)).toEqual([name])
  }
})

test('while flushing is dear what may wait goes together and in order, and whoever is waited for does not wait', async () => {
  const { flusher, told, connection } = watched(3)
  flusher.add(connection('first'))
  await turn()
  flusher.add(connection('b'))
  flusher.add(connection('c'))
  flusher.hurry(connection('answer'))
  await turn()
  expect(told).toEqual(['first', 'answer'])
  await expect.poll(() => told).toEqual(['first', 'answer', 'b', 'c'])
})

test('five thousand are flushed in slices of five milliseconds, and who comes meanwhile comes after them', async () => {
  const { flusher, told, connection } = watched(1 / 64)
  for (let n = 0; n < 5_000; n++) flusher.add(connection('one'))
  await turn()
  expect(told.length).toBe(320)
  flusher.add(connection('late'))
  flusher.hurry(connection('answer'))
  await turn()
  expect(told.indexOf('answer')).toBe(320)
  await expect.poll(() => told.length).toBe(5_002)
  expect(told.at(-1)).toBe('late')
})
