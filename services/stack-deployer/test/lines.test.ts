import { createRedaction } from '@neo-stack/events'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createLineReader } from '../src/drivers/docker/lines.ts'

const frame = (payload: Uint8Array, stream = 1): Buffer => {
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(payload.length, 4)
  return Buffer.concat([head, payload])
}

it('shows no part of a secret whatever the frames and the length of the line are', () => {
  const secret = 'Zk3-ßecret_of-the-instance'
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.constant(secret), fc.constant('\n'), fc.integer({ min: 1, max: 9000 }).map(length => 'x'.repeat(length))), { minLength: 1, maxLength: 12 }),
    fc.infiniteStream(fc.integer({ min: 1, max: 5000 })),
    (parts, sizes) => {
      const bytes = Buffer.from(parts.join(''))
      const reader = createLineReader(createRedaction([secret]))
      const lines: string[] = []
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value ?? 1
        lines.push(...reader.push(frame(bytes.subarray(at, at += size))).map(({ text }) => text))
      }
      lines.push(...reader.end().map(({ text }) => text))
      const all = lines.join('')
      expect(all).not.toContain('ßecret')
      expect(all.replaceAll('***', '')).toBe(parts.join('').replaceAll('\n', '').replaceAll(secret, ''))
      expect(Math.max(0, ...lines.map(line => line.length))).toBeLessThanOrEqual(8192)
    },
  ), { numRuns: 100 })
}, 60_000)

it('takes the time off each part of a long line before it looks for secrets', () => {
  const secret = 'Zk3-secret_of-the-instance'
  const reader = createLineReader(createRedaction([secret]), { isStamped: true })
  const parts = [`2026-01-05T12:00:00.000000001Z ${'x'.repeat(16_000)} ${secret.slice(0, 9)}`, `2026-01-05T12:00:01.5Z ${secret.slice(9)} end\n`, '2026-01-05T12:00:02+00:00 2026-01-05T12:00:03Z said\n', '2026-01-05T12:00:04Z \n', '2026-01-05T12:00:05Z open']
  const lines = [...parts.flatMap(part => reader.push(frame(Buffer.from(part)))), ...reader.end()]
  const at = (second: number): number => Date.UTC(2026, 0, 5, 12, 0, second)
  expect(lines.slice(0, 2).map(({ text }) => text).join('')).toBe(`${'x'.repeat(16_000)} *** end`)
  expect(lines.map(({ time }) => time)).toEqual([at(0), at(0), at(2), at(4), at(5)])
  expect(lines.slice(2).map(({ text }) => text)).toEqual(['2026-01-05T12:00:03Z said', '', 'open'])
})
