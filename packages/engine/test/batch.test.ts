import { expect, test } from 'vitest'
import { Batch } from '../src/batch.ts'
import { jsonCodec } from '../src/codec-json.ts'

const [a, b, c] = ['a', 'b', 'c'].map(text => Buffer.from(text)) as [Buffer, Buffer, Buffer]

test('who is sent the same in the same order shares one frame', () => {
  const root = new Batch(jsonCodec)
  const [first, second] = [root.add(a).add(b), root.add(a).add(b)]
  expect(first).toBe(second)
  expect(first.frame.toString()).toBe('a\nb')
  expect(second.frame).toBe(first.frame)
})

test('a single message is not copied', () => {
  expect(new Batch(jsonCodec).add(a).frame).toBe(a)
})

test('branches do not mix', () => {
  const root = new Batch(jsonCodec)
  const frames = [root.add(a).add(b), root.add(a).add(c), root.add(b), root.add(a).add(b).add(c)].map(({ frame, count, bytes }) => [frame.toString(), count, bytes])
  expect(frames).toEqual([['a\nb', 2, 4], ['a\nc', 2, 4], ['b', 1, 2], ['a\nb\nc', 3, 6]])
})
