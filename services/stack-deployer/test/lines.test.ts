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
