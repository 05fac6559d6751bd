import { expect, it } from 'vitest'
import type { Tx } from '../src/database/database.ts'
import { perTransaction } from '../src/database/per-transaction.ts'

it('reads once for each transaction and key, also while the first answer is on its way', async () => {
  const asked: string[] = []
  const [first, second] = [{ name: 'first' }, { name: 'second' }] as unknown as [Tx, Tx]
  const read = perTransaction((tx, key) => {
    asked.push(`${(tx as unknown as { name: string }).name} ${key}`)
    return Promise.resolve(asked.length)
  })
  expect(await Promise.all([read(first, 'acme'), read(first, 'acme'), read(first, 'globex'), read(second, 'acme')])).toEqual([1, 1, 2, 3])
  expect(await read(first, 'acme')).toBe(1)
  expect(asked).toEqual(['first acme', 'first globex', 'second acme'])
})
