import { expect, it } from 'vitest'
import { createPasswords } from '../src/auth/passwords.ts'

const passwords = createPasswords(4)

it('verifies what it hashed and nothing else', async () => {
  const hash = await passwords.hash('correct horse')
  expect(await passwords.verify('correct horse', hash)).toBe(true)
  expect(await passwords.verify('correct hors', hash)).toBe(false)
  expect(await passwords.verify('', hash)).toBe(false)
})

it('carries its parameters, so that stronger ones can follow', async () => {
  const hash = await passwords.hash('secret')
  expect(hash).toMatch(/^scrypt\$4\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  expect(await createPasswords(5).verify('secret', hash)).toBe(true)
})

it('salts: one password has two hashes', async () => {
  expect(await passwords.hash('same')).not.toBe(await passwords.hash('same'))
})

it('reads one password in two Unicode forms', async () => {
  expect(await passwords.verify('caf\u0065\u0301', await passwords.hash('caf\u00e9'))).toBe(true)
})

it('refuses whatever is tried on an unknown account, with the same work', async () => {
  expect(await passwords.verify('', undefined)).toBe(false)
  // Cost 14 takes milliseconds, skipping the work would take microseconds.
  const slow = createPasswords(14)
  const hash = await slow.hash('x')
  const time = async (stored: string | undefined): Promise<number> => {
    const times = []
    for (let round = 0; round < 5; round++) {
      const start = performance.now()
      await slow.verify('guess', stored)
      times.push(performance.now() - start)
    }
    return Math.min(...times)
  }
  expect(await time(undefined)).toBeGreaterThan(await time(hash) / 4)
})

it('says when a stored hash is none', async () => {
  await expect(passwords.verify('x', 'plain text')).rejects.toThrow(TypeError)
})
