import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSign, isSame } from '../src/tokens/hmac.ts'

test.each([['HS256', 'sha256'], ['HS384', 'sha384'], ['HS512', 'sha512']])('%s is what node:crypto says, whatever the lengths', (algorithm, hash) => {
  for (const secretLength of [0, 1, 32, 63, 64, 65, 127, 128, 129, 300]) {
    const secret = randomBytes(secretLength)
    const sign = createSign(secret, algorithm)
    for (const length of [0, 1, 200, 3_900, 3_968, 3_969, 4_032, 4_033, 4_096, 100_000, 5]) {
      const text = randomBytes(length).toString('hex').slice(0, length)
      expect(sign?.(text)).toBe(createHmac(hash, secret).update(text).digest('base64url'))
    }
  }
})

test('what is no HMAC is not signed', () => {
  for (const algorithm of ['none', 'RS256', '', 'toString']) expect(createSign(Buffer.from('secret'), algorithm)).toBeUndefined()
})

test('only the same text is the same', () => {
  expect(isSame('abc', 'abc')).toBe(true)
  for (const other of ['', 'ab', 'abcd', 'abd', 'bbc', 'abc\0']) expect(isSame(other, 'abc')).toBe(false)
})
