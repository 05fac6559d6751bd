/** What a tenant's URL may reach (RELIABILITY I7): tricks of spelling, names that point inside, redirects, names that change their mind. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isPublicAddress, judgeUrl } from '../src/outbound/address.ts'
import { createGuardedFetch, OutboundError, type GuardOptions, type OutboundAnswer } from '../src/outbound/guarded-fetch.ts'

const loopbackSpellings = [
  '127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0x7f.0x0.0x0.0x1', '127.0.0.1.', '１２７.０.０.１', '127。0。0。1',
  '%31%32%37.0.0.1', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:0001]', '[::127.0.0.1]', '[::7f00:1]',
  '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '0', '0.0.0.0', '0x0', '00',
]
const insideAddresses = [
  '10.0.0.1', '10.255.255.255', '167772161', '172.16.0.1', '172.31.255.255', '0xac100001', '192.168.0.1', '3232235521', '169.254.169.254', '2852039166', '0xa9fea9fe',
  '0251.0376.0251.0376', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '100.64.0.1', '100.127.255.255', '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.7', '203.0.113.9',
  '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd12:3456::1]', '[ff02::1]', '[2001:db8::1]', '[2001:10::1]',
  '[::ffff:10.0.0.1]', '[::ffff:192.168.1.1]', '[100::1]', '[5f00::1]', '[3fff::1]', '[2002:c0a8:101::1]', '[64:ff9b::a9fe:a9fe]',
]
const localNames = [
  'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'ｌocalhost', 'printer.local', 'metadata.google.internal', 'db.internal', 'intranet', 'redis', 'a.lan', 'x.corp',
  'x.home.arpa', '1.0.0.127.in-addr.arpa', 'hidden.onion', 'x.test', 'x.invalid', 'localhost.localdomain', '-a.example', 'a..example', `${'a'.repeat(64)}.example`,
]
const otherFaults = [
  ['http://portal.example/', 'not https'], ['ftp://portal.example/', 'not https'], ['file:///etc/passwd', 'not https'], ['gopher://portal.example/', 'not https'],
  ['javascript:alert(1)', 'not https'], ['data:text/plain,x', 'not https'], ['ws://portal.example/', 'not https'], ['https://user@portal.example/', 'credentials'],
  ['https://user:word@portal.example/', 'credentials'], ['https://portal.example@127.0.0.1/', 'credentials'], ['https://:word@portal.example/', 'credentials'],
  ['https://portal.example:22/', 'port'], ['https://portal.example:6379/', 'port'], ['https://portal.example:80/', 'port'], ['https://portal.example:0/', 'port'],
  ['https://portal.example:99999/', 'not a URL'], ['https://', 'not a URL'], ['portal.example', 'not a URL'], ['//portal.example/', 'not a URL'], ['', 'not a URL'],
  ['https://portal.example\\@127.0.0.1/', undefined], ['https://127.0.0.1\\.portal.example/', 'address'], ['https://127.0.0.1#@portal.example/', 'address'],
  ['https://127.0.0.1?@portal.example/', 'address'], ['https:127.0.0.1', 'address'], ['https:/127.0.0.1', 'address'], ['https://\t127.0.0.1/', 'address'], ['https://127.0.\n0.1/', 'address'],
  ['https://[fe80::1%25eth0]/', 'not a URL'], ['https://256.0.0.1/', 'not a URL'], ['https://1.2.3.4.5/', 'not a URL'], ['https://[::1/', 'not a URL'],
] as const

describe('a URL of a tenant', () => {
  it.each([...loopbackSpellings, ...insideAddresses, ...localNames].map(host => `https://${host}/hook`))('is refused: %s', url => {
    expect(judgeUrl(url)).toHaveProperty('fault')
  })

  it.each(otherFaults)('%j is judged %s', (url, fault) => {
    const judged = judgeUrl(url)
    if (fault === undefined) expect(judged).toMatchObject({ url: { hostname: 'portal.example' } })
    else expect(judged).toEqual({ fault })
  })

  it.each(['https://hooks.example.com/a?b=c', 'https://portal.example', 'https://1.1.1.1/', 'https://8.8.8.8:8443/x', 'https://[2606:4700:4700::1111]/', 'https://xn--bcher-kva.example/'])('may be asked: %s', url => {
    expect(judgeUrl(url)).toHaveProperty('url')
  })
})

describe('an address', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const v4 = fc.tuple(octet, octet, octet, octet)

  it('means the same however its number is written', () => {
    fc.assert(fc.property(v4, ([a, b, c, d]) => {
      const number = ((a * 256 + b) * 256 + c) * 256 + d
      const spellings = [`${a}.${b}.${c}.${d}`, String(number), `0x${number.toString(16)}`, `0${number.toString(8)}`, `${a}.${b}.${c * 256 + d}`, `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`]
      const verdicts = spellings.map(host => 'url' in judgeUrl(`https://${host}/`))
      expect(new Set(verdicts).size).toBe(1)
      expect(verdicts[0]).toBe(isPublicAddress(`${a}.${b}.${c}.${d}`))
    }), { numRuns: 2000 })
  })

  it('of IPv4 inside IPv6 is never public', () => {
    fc.assert(fc.property(v4, fc.constantFrom('::ffff:', '::', '64:ff9b::', '64:ff9b:1::', '::ffff:0:'), ([a, b, c, d], prefix) => {
      expect(isPublicAddress(`${prefix}${a}.${b}.${c}.${d}`)).toBe(false)
    }), { numRuns: 2000 })
  })

  it('outside 2000::/3 is never public', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0xff_ff }), { minLength: 8, maxLength: 8 }), groups => {
      const [first = 0] = groups
      const verdict = isPublicAddress(groups.map(group => group.toString(16)).join(':'))
      if (first < 0x20_00 || first > 0x3f_ff) expect(verdict).toBe(false)
    }), { numRuns: 2000 })
  })
})

describe('the guarded fetch', () => {
  let server: Server
  let port: number
  const hits: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      hits.push(`${request.headers.host} ${request.url}`)
      if (request.url === '/redirect') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
      else if (request.url === '/large') response.end(Buffer.alloc(200_000))
      else if (request.url !== '/silent') response.end('ok')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => { server.closeAllConnections(); server.close() })

  /** Everything as in production, except that this server's address counts as public when the test says so. */
  const ask = (path: string, options: GuardOptions & { host?: string } = {}): Promise<OutboundAnswer> => createGuardedFetch({
    protocols: ['http:'], ports: [port], isAllowed: address => address === '127.0.0.1', lookup: () => Promise.resolve(['127.0.0.1']), ...options,
  })({ url: `http://${options.host ?? 'hooks.example.com'}:${port}${path}` })

  it('asks the address that was looked at under the name that was given', async () => {
    expect(await ask('/x')).toMatchObject({ status: 200, body: 'ok' })
    expect(hits).toContain(`hooks.example.com:${port} /x`)
  })

  it('connects nowhere when a name points inside, be it with one address of several', async () => {
    const before = hits.length
    for (const inside of [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['::ffff:127.0.0.1'], ['10.0.0.1'], ['fe80::1%lo']]) {
      await expect(ask('/inside', { isAllowed: isPublicAddress, lookup: () => Promise.resolve(inside) })).rejects.toMatchObject({ reason: 'refused' })
    }
    for (const host of ['127.0.0.1', '2130706433', '[::1]', 'localhost']) await expect(ask('/inside', { isAllowed: isPublicAddress, host })).rejects.toMatchObject({ reason: 'refused' })
    expect(hits).toHaveLength(before)
  })

  it('asks a resolver once: a name that changes its mind leads nowhere else', async () => {
    let questions = 0
    const lookup = (): Promise<string[]> => Promise.resolve([questions++ === 0 ? '127.0.0.1' : '169.254.169.254'])
    expect(await ask('/pinned', { lookup })).toMatchObject({ status: 200 })
    expect(questions).toBe(1)
  })

  it('follows no redirect, reads no more than it should and waits no longer', async () => {
    await expect(ask('/redirect')).rejects.toThrow(OutboundError)
    await expect(ask('/redirect')).rejects.toMatchObject({ reason: 'redirected' })
    await expect(ask('/large')).rejects.toMatchObject({ reason: 'too large' })
    await expect(ask('/silent', { withinMs: 50 })).rejects.toMatchObject({ reason: 'timeout' })
    await expect(ask('/x', { withinMs: 50, lookup: () => new Promise(() => undefined) })).rejects.toMatchObject({ reason: 'timeout' })
    await expect(ask('/x', { lookup: () => Promise.resolve([]) })).rejects.toMatchObject({ reason: 'unresolved' })
    await expect(ask('/x', { lookup: () => Promise.reject(new Error('no such name')) })).rejects.toMatchObject({ reason: 'unresolved' })
  })
})
