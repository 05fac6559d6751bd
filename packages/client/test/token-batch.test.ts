import { expect, test } from 'vitest'
import { createTokenBatch } from '../src/token-batch.ts'

const answerAll = (asked: string[][]) => (channels: readonly string[]): Promise<Record<string, string>> => {
  asked.push([...channels])
  return Promise.resolve(Object.fromEntries(channels.map(channel => [channel, `token of ${channel}`])))
}

test('what is asked for in one moment is one request, each channel once', async () => {
  const asked: string[][] = []
  const ask = createTokenBatch(answerAll(asked))
  expect(await Promise.all([ask('a'), ask('b'), ask('a')])).toEqual(['token of a', 'token of b', 'token of a'])
  expect(asked).toEqual([['a', 'b']])
  await ask('c')
  expect(asked).toHaveLength(2)
})

test('a request holds at most 100 channels', async () => {
  const asked: string[][] = []
  const ask = createTokenBatch(answerAll(asked))
  await Promise.all(Array.from({ length: 250 }, (_, i) => ask(`c${i}`)))
  expect(asked.map(({ length }) => length)).toEqual([100, 100, 50])
})

test('a failed request fails everyone who shared it, a missing answer only its own', async () => {
  const failing = createTokenBatch(() => Promise.reject(new Error('no network')))
  expect(await Promise.allSettled([failing('a'), failing('b')])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  const partial = createTokenBatch(() => Promise.resolve({ a: 'token', c: { error: { code: 'forbidden', detail: 'no' } } }))
  expect(await Promise.allSettled([partial('a'), partial('b'), partial('c')])).toMatchObject([
    { value: 'token' }, { status: 'rejected' }, { value: { error: { code: 'forbidden' } } },
  ])
})
