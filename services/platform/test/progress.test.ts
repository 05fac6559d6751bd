import { describe, expect, it } from 'vitest'
import { explain } from '../src/failure.ts'
import { formatWelcome, showStep } from '../src/progress.ts'

describe('start on the terminal', () => {
  it('shows each step with its time', async () => {
    const lines: string[] = []
    const times = [0, 1500]
    const result = await showStep({ write: text => lines.push(text), isInteractive: false }, 'Open the database', () => 7, () => times.shift() ?? 0)
    expect(result).toBe(7)
    expect(lines).toEqual(['  ✓ Open the database (1.5 s)\n'])
  })

  it('ends with one block that has addresses, sign-ins, the data and what is simulated', () => {
    const block = formatWelcome({
      url: 'http://127.0.0.1:8080', portals: ['tenant', 'admin'], dataDir: '/data', isDemo: true, isSimulated: true, startedInMs: 2340,
      signIns: [{ email: 'member@acme.example', password: 'pw', role: 'member', tenantId: 'acme' }],
    })
    expect(block).toContain('ready (2.3 s)')
    expect(block).toContain('http://127.0.0.1:8080/tenant/')
    expect(block).toContain('member@acme.example  pw  (member, acme)')
    expect(block).toContain('Simulated')
    expect(block).toContain('/data')
  })

  it('says of one of several processes what holds its data and who deploys', () => {
    const block = formatWelcome({ url: 'https://events.example', portals: [], dataDir: '/data', isDemo: false, isSimulated: false, isShared: true, startedInMs: 2340, signIns: [] })
    expect(block).toContain('the PostgreSQL of DATABASE_URL')
    expect(block).not.toContain('embedded')
    expect(block).not.toContain('Docker')
  })

  it.each([
    [{ code: 'EADDRINUSE', port: 8080 }, 'Port 8080 is taken'], [{ code: 'EACCES', port: 80 }, 'Port 80 may not be used'],
    [{ code: 'EADDRNOTAVAIL', address: '10.9.9.9' }, 'HOST 10.9.9.9'],
  ])('explains %j in one sentence', (fields, expected) => {
    const sentence = explain(Object.assign(new Error('listen failed\n  at x'), fields))
    expect(sentence).toContain(expected)
    expect(sentence).not.toContain('\n')
  })

  it('explains the unexpected by its first line', () => {
    expect(explain(new Error('boom\nmore'))).toBe('The platform cannot start: boom.')
  })
})
