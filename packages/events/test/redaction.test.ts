import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedaction, isInsideKey, mayBeKeyLine, redactLine, REDACTED, REDACTED_KEY_LINE } from '../src/index.ts'

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
    ['key neo_3q2-7wAAq83vASNFZ4mrze8BI0VniavN7wEjRWeJq80 was made', 'key *** was made'],
    ['postgres://odoo:hunter2@db:5432/odoo is up', 'postgres://odoo:***@db:5432/odoo is up'],
    ['redis://:s3cret@redis', 'redis://:***@redis'],
    ['> Authorization: Bearer abc.def', '> Authorization: Bearer ***'],
    ['POSTGRES_PASSWORD=hunter2 start', 'POSTGRES_PASSWORD=*** start'],
    ['-----BEGIN PRIVATE KEY-----MIIEvQ-----END PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----'],
    ['{"password": "hunter2", "user": "a"}', '{"password": ***, "user": "a"}'],
    [String.raw`{"body":"{\"password\":\"hunter2\",\"user\":\"a\"}"}`, String.raw`{"body":"{\"password\":***,\"user\":\"a\"}"}`],
    ['password: hunter2', 'password: ***'],
    ['X-Api-Key: abc', 'X-Api-Key: ***'],
    ['psql --password hunter2 -h db', 'psql --password *** -h db'],
    [`API_TOKEN=${'x'.repeat(900)} on`, 'API_TOKEN=*** on'],
    [`password="${'x y'.repeat(300)}" on`, 'password=*** on'],
    [`eyJhbGciOiJIUzI1NiJ9.eyJ${'x'.repeat(3000)}.sig on`, '*** on'],
    [`{"private_key": "-----BEGIN PRIVATE KEY-----${String.raw`\nMIIEvQ+/`.repeat(200)}\\n-----END PRIVATE KEY-----\\n", "a": 1}`, String.raw`{"private_key": "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\n", "a": 1}`],
    [`TLS_SECRET="-----BEGIN PRIVATE KEY-----${'MIIEvQ+/'.repeat(2000)}`, 'TLS_SECRET="-----BEGIN PRIVATE KEY-----***'],
  ])('is taken out of %s', (text, redacted) => {
    expect(createRedaction().redact(text)).toBe(redacted)
    expect(createRedaction().redact(redacted)).toBe(redacted)
  })

  it.each([
    'GET http://example.com:8080/a@b 200', 'token: expired', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', '-----BEGIN CERTIFICATE-----', 'passwordless login is on', 'mail to ana@acme.example: sent',
    'Volume neo_acme_shop-of-the-north_db-data  Created',
  ])('is not seen in %s', text => {
    expect(createRedaction().redact(text)).toBe(text)
  })

  it('is not looked for again in what was redacted', () => {
    const parts = fc.constantFrom('password', 'token', '=', ':', ' ', '"', "'", '\\', 'hunter2', '***', 'x://u:', '@', '-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', '-', 'eyJabcdefgh', '.', '--', '}', ',', 'authorization', 'bearer ', 'sk-0123456789abcdef')
    fc.assert(fc.property(fc.array(parts, { maxLength: 30 }), words => {
      const { redact } = createRedaction(['hunter2'])
      const redacted = redact(words.join(''))
      expect(redact(redacted)).toBe(redacted)
    }), { numRuns: 2000 })
  }, 60_000)

  it('is found in a line of 16,384 characters without getting slow', () => {
    for (const text of ['password="', 'password: ', '--token ', 'token', 'a-', 'eyJ-', String.raw`password=\\`, 'password', '-', 'authorization: bearer ', 'a', 'a.', 'eyJ', 'x://', 'password', '-----BEGIN PRIVATE KEY-----', ':@'].map(part => part.repeat(16_384 / part.length))) {
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

  it.each([
    ['in one line of base64', '', ['MIIEvQ+/'.repeat(200)]],
    ['behind the name of a service', 'app  | ', ['Proc-Type: 4,ENCRYPTED', '', 'MIIEvQ+/'.repeat(8), 'q83v==']],
    ['behind a time', '2026-01-05T12:00:00.000Z ', ['', 'MIIEvQ+/'.repeat(8), 'q83vAQIDBAUGBwgJ']],
  ])('includes the body of a private key %s', (_name, prefix, body) => {
    const lines = ['-----BEGIN RSA PRIVATE KEY-----', ...body, '-----END RSA PRIVATE KEY-----'].map(line => prefix + line)
    expect(redactAll(lines)).toEqual([lines[0], ...body.map(() => REDACTED_KEY_LINE), lines.at(-1)])
  })

  it('includes a private key that begins in an assignment or before a space', () => {
    for (const first of ['TLS_SECRET="-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY----- ']) expect(redactAll([first, 'MIIEvQ']).at(-1)).toBe(REDACTED_KEY_LINE)
  })

  it('lets a line be asked for a key\'s without getting slow', () => {
    const started = performance.now()
    for (const text of ['a', 'a ', ' ', '|', 'a=']) mayBeKeyLine(`${text.repeat(16_000 / text.length)}!`)
    expect(performance.now() - started).toBeLessThan(500)
  })
})
