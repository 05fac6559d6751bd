import { describe, expect, it } from 'vitest'
import { createRandom } from '../src/random.ts'

describe('random bytes from a pool', () => {
  it('are as many as asked for, and none is given twice', () => {
    let next = 0
    const random = createRandom(bytes => {
      for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(next++, at)
      return bytes
    })
    const given = Array.from({ length: 3000 }, () => random(4))
    expect(new Set(given.map(bytes => bytes.readUInt32BE())).size).toBe(3000)
    expect([random(10).length, random(4096).length, random(1).length]).toEqual([10, 4096, 1])
  })

  it('are the system\'s', () => {
    const random = createRandom()
    expect(random(16)).not.toEqual(random(16))
  })
})
