import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createSilent, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createServer } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { askCertificate, createCertificate } from '../src/metering/certificate.ts'

const HOUR = 3_600_000

/** A certificate that is looked at with answers that are given one by one. */
function looked(publicUrl: string): { read: ReturnType<typeof createCertificate>['read'], asked: object[], answer: (endsAt?: number) => Promise<void>, pass: (ms: number) => void } {
  let time = 0
  const asked: object[] = []
  let settle: (endsAt?: number) => void = () => undefined
  const { read } = createCertificate({ publicUrl, now: () => time, ask: address => {
    asked.push(address)
    return new Promise((resolve, reject) => { settle = endsAt => { if (endsAt === undefined) reject(new Error('away')); else resolve(endsAt) } })
  } })
  return {
    read, asked, pass: ms => { time += ms },
    answer: async endsAt => {
      settle(endsAt)
      await new Promise(resolve => { setImmediate(resolve) })
    },
  }
}

describe('the certificate of the public address', () => {
  it('is looked at hourly, while nobody waits for it', async () => {
    const { read, asked, answer, pass } = looked('https://events.example/neo')
    expect(read()).toEqual({})
    expect(read()).toEqual({})
    await answer(90_000_000)
    expect(read()).toEqual({ endsAt: 90_000, isSeen: true })
    pass(HOUR - 1)
    read()
    expect(asked).toEqual([{ host: 'events.example', port: 443 }])
    pass(1)
    expect(read()).toEqual({ endsAt: 90_000, isSeen: true })
    await answer(99_000_000)
    expect(read()).toEqual({ endsAt: 99_000, isSeen: true })
    expect(asked).toHaveLength(2)
  })

  it('that cannot be seen is said so beside what was known, and looked at again after five minutes', async () => {
    const { read, asked, answer, pass } = looked('https://[::1]:8443')
    read()
    await answer(90_000_000)
    pass(HOUR)
    read()
    await answer()
    expect(read()).toEqual({ endsAt: 90_000, isSeen: false })
    pass(HOUR / 12)
    read()
    await answer(95_000_000)
    expect(read()).toEqual({ endsAt: 95_000, isSeen: true })
    expect(asked).toEqual(Array.from({ length: 3 }, () => ({ host: '::1', port: 8443 })))
  })

  it('is none where the address is not https', () => {
    const { read, asked } = looked('http://localhost:8080')
    expect(read()).toEqual({})
    expect(asked).toEqual([])
  })
})

const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const isOpensslHere = (() => { try { execFileSync('openssl', ['version']); return true } catch { return false } })()

/** Listens on a free port for as long as the test runs. */
async function listen<Listening extends Server>(server: Listening): Promise<{ host: string, port: number }> {
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => { server.close() })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

describe('a look over TLS', () => {
  it.skipIf(!isOpensslHere && !isRequired)(`says when the certificate ends, whoever vouches for it${isOpensslHere ? '' : ' (skipped: needs openssl)'}`, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'neo-certificate-'))
    onTestFinished(() => { rmSync(folder, { recursive: true }) })
    const [key, cert] = [path.join(folder, 'key'), path.join(folder, 'certificate')]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=own', '-keyout', key, '-out', cert], { stdio: 'pipe' })
    const endsAt = await askCertificate(await listen(createServer({ key: readFileSync(key), cert: readFileSync(cert) })))
    expect(Math.abs(endsAt - Date.now() - 48 * HOUR)).toBeLessThan(60_000)
  })

  it('fails where nobody listens, and where somebody is silent', async () => {
    await expect(askCertificate({ host: '127.0.0.1', port: 1 })).rejects.toThrow()
    const held = vi.fn()
    await expect(askCertificate(await listen(createSilent(held)), 50)).rejects.toThrow('does not answer')
    expect(held).toHaveBeenCalledOnce()
  })
})
