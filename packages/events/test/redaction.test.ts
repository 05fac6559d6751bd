import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedaction, isInsideKey, redactLine, REDACTED, REDACTED_KEY_LINE } from '../src/index.ts'

const toBase64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
const secret = fc.string({ unit: 'binary', minLength: 6, maxLength: 60 }).map(text => text.toWellFormed()).filter(text => !text.includes('*') && !/\s/.test(text))
const around = fc.string({ unit: 'grapheme', maxLength: 40 })
const redactAll = (lines: readonly string[]): string[] => {
  const redaction = createRedaction()
  return lines.reduce<string[]>((done, line) => [...done, redactLine(redaction, line, done.at(-1))], [])
}

describe('known secrets', () => {
  it('never stay, wherever they stand', () => {
    fc.assert(fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.array(around, { minLength: 2, maxLength: 5 }), (secrets, words) => {
      const text = words.join(secrets[0])
      const redacted = createRedaction(secrets).redact(text)
      for (const one of secrets) expect(redacted).not.toContain(one)
    }), { numRuns: 300 })
  }, 60_000)

  it('never stay inside of base64, whatever was encoded with them', () => {
    fc.assert(fc.property(secret.filter(text => new TextEncoder().encode(text).length >= 8), fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), fc.boolean(), (one, before, after, isForAddresses) => {
      const plain = toBase64(before + one + after)
      const text = isForAddresses ? plain.replaceAll('+', '-').replaceAll('/', '_') : plain
      const redacted = createRedaction([one]).redact(text)
      expect(redacted).toContain(REDACTED)
      // What is left decodes to nothing of the middle of the secret: at most two bytes at each end share a character with their neighbours.
      const middle = Buffer.from(one).subarray(2, -2)
      for (const part of redacted.split(REDACTED)) expect(Buffer.from(part, 'base64').includes(middle)).toBe(false)
    }), { numRuns: 300 })
  }, 60_000)

  it('never stay in JSON or in an address', () => {
    const one = 'p"ss\\wörd/1'
    const redaction = createRedaction([one])
    expect(redaction.redact(JSON.stringify({ is: one }))).toBe('{"is":"***"}')
    expect(redaction.redact(`?key=${encodeURIComponent(one)}`)).toBe('?key=***')
  })

  it('are found although a text comes in pieces, when what may be cut is held back', () => {
    fc.assert(fc.property(secret, fc.array(fc.oneof(around, fc.constant(undefined)), { maxLength: 12 }), fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (one, parts, sizes) => {
      const redaction = createRedaction([one])
      const text = parts.map(part => part ?? one).join('')
      let [open, shown] = ['', '']
      for (let at = 0; at < text.length;) {
        const size = sizes.next().value ?? 1
        open = redaction.redact(open + text.slice(at, at += size))
        shown += open.slice(0, Math.max(0, open.length - redaction.hold))
        open = open.slice(Math.max(0, open.length - redaction.hold))
      }
      expect(shown + open).not.toContain(one)
    }))
  }, 60_000)

  it('leave words alone that are shorter than six bytes', () => {
    expect(createRedaction(['admin', '']).redact('the admin account')).toBe('the admin account')
  })
})

describe('what looks like a secret', () => {
  it.each([
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', '***'],
    ['aws AKIAIOSFODNN7EXAMPLE here', 'aws *** here'],
    ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', '***'],
    ['postgres://odoo:hunter2@db:5432/odoo is up', 'postgres://odoo:***@db:5432/odoo is up'],
    ['redis://:s3cret@redis', 'redis://:***@redis'],
    ['> Authorization: Bearer abc.def', '> Authorization: Bearer ***'],
    ['POSTGRES_PASSWORD=hunter2 start', 'POSTGRES_PASSWORD=*** start'],
    ['-----BEGIN PRIVATE KEY-----MIIEvQ-----END PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----'],
  ])('is taken out of %s', (text, redacted) => {
    expect(createRedaction().redact(text)).toBe(redacted)
    expect(createRedaction().redact(redacted)).toBe(redacted)
  })

  it.each([
    'GET http://example.com:8080/a@b 200', 'token: expired', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', '-----BEGIN CERTIFICATE-----', 'passwordless login is on', 'mail to ana@acme.example: sent',
  ])('is not seen in %s', text => {
    expect(createRedaction().redact(text)).toBe(text)
  })

  it('is found in a line of 16,384 characters without getting slow', () => {
    for (const text of ['a', 'a.', 'eyJ', 'x://', 'password', '-----BEGIN PRIVATE KEY-----', ':@'].map(part => part.repeat(16_384 / part.length))) {
      const started = performance.now()
      createRedaction(['hunter2']).redact(text)
      expect(performance.now() - started).toBeLessThan(1000)
    }
  })

  it('includes every line of a private key, up to what does not belong to one', () => {
    const key = ['-----BEGIN RSA PRIVATE KEY-----', 'Proc-Type: 4,ENCRYPTED', '', 'MIIEowIBAAKCAQEA', 'q83v==', '-----END RSA PRIVATE KEY-----']
    expect(redactAll(['before', ...key, 'MIIEowIBAAKCAQEA'])).toEqual(['before', key[0], ...Array.from({ length: 4 }, () => REDACTED_KEY_LINE), key.at(-1), 'MIIEowIBAAKCAQEA'])
    expect(redactAll([key[0] ?? '', 'interrupted by a sentence', 'word'])).toEqual([key[0], 'interrupted by a sentence', 'word'])
    expect(isInsideKey(undefined)).toBe(false)
  })
})
