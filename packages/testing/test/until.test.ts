import { expect, test } from 'vitest'
import { createRandom, until } from '../src/index.ts'

test('until resolves with the first truthy value', async () => {
  let looks = 0
  expect(await until(() => ++looks === 3 && 'third')).toBe('third')
  expect(looks).toBe(3)
})

test('until takes a condition that throws for one that does not hold yet', async () => {
  let looks = 0
  await until(() => {
    if (++looks < 2) throw new Error('not yet')
    return true
  })
  expect(looks).toBe(2)
})

test('until says what it waited for and why it did not hold', async () => {
  const waiting = until(() => { throw new Error('no answer') }, { timeoutMs: 10, what: 'the server' })
  await expect(waiting).rejects.toMatchObject({ message: 'waited 10 ms for the server', cause: { message: 'no answer' } })
})

test('random numbers repeat with their seed and stay in [0, 1)', () => {
  const take = (seed: number): number[] => Array.from({ length: 100 }, createRandom(seed))
  expect(take(1)).toEqual(take(1))
  expect(take(1)).not.toEqual(take(2))
  expect(take(3).every(number => number >= 0 && number < 1)).toBe(true)
})
