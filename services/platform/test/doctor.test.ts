import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { openDataFolder } from '../src/data-folder.ts'
import { examine, formatFinding } from '../src/doctor.ts'
import { judgeCentrifugo, judgeClock, judgeDelivery, judgeDisk, judgeKeys, judgePostgres, judgeSecret, type Finding } from '../src/findings.ts'

/** Nothing listens on port 1. */
const nowhere = { PORT: '1', NEO_PORTALS: 'none' }

async function listFindings(env: Record<string, string>): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of examine(env)) findings.push(finding)
  return findings
}

const faultsOf = (findings: readonly Finding[]): string[] => findings.flatMap(({ part, state }) => state === 'fault' ? [part] : [])

describe('the doctor', () => {
  let parent: string
  beforeEach(() => { parent = mkdtempSync(path.join(tmpdir(), 'neo-doctor-')) })
  afterEach(() => { rmSync(parent, { recursive: true, force: true }) })

  it('finds nothing wrong before the first start, and makes no folder', async () => {
    const findings = await listFindings({ ...nowhere, NEO_DATA_DIR: path.join(parent, 'data') })
    expect(faultsOf(findings)).toEqual([])
    expect(findings.map(({ part }) => part)).toEqual(['configuration', 'data folder', 'portals', 'process'])
    expect(findings[1]?.says).toContain('is not there yet')
  })

  it('names a setting that cannot work, and looks no further', async () => {
    expect(await listFindings({ PORT: 'many' })).toEqual([{ part: 'configuration', state: 'fault', says: expect.stringContaining('PORT') as string, advice: expect.any(String) as string }])
  })

  it('sees who holds the data folder, secrets that others can read, and keys that are none', async () => {
    const data = path.join(parent, 'data')
    const folder = openDataFolder(data)
    writeFileSync(path.join(data, 'keys.json'), '{"half')
    chmodSync(path.join(data, 'keys.json'), 0o644)
    const findings = await listFindings({ ...nowhere, NEO_DATA_DIR: data })
    folder.unlock()
    expect(faultsOf(findings)).toEqual(['data folder', 'secrets', 'tokens'])
    expect(findings.find(({ part }) => part === 'secrets')?.advice).toBe(`chmod 600 ${path.join(data, 'keys.json')}`)
    expect(faultsOf(await listFindings({ ...nowhere, NEO_DATA_DIR: data }))).toEqual(['secrets', 'tokens'])
  })

  it('says of each part of the scale-out column that it does not answer, and repeats no password', async () => {
    const findings = await listFindings({
      ...nowhere, NEO_DATA_DIR: path.join(parent, 'data'), NEO_PUBLIC_URL: 'http://127.0.0.1:1', CENTRIFUGO_URL: 'http://127.0.0.1:1', CENTRIFUGO_API_KEY: 'a key that nobody knows',
      DATABASE_URL: 'postgres://neo:hush-hush@127.0.0.1:1/neo', REDIS_URL: 'redis://neo:hush-hush@127.0.0.1:1',
    })
    expect(faultsOf(findings)).toEqual(['database', 'redis', 'centrifugo'])
    expect(findings.map(formatFinding).join('')).not.toMatch(/hush|nobody knows/)
  })
})

const gib = 2 ** 30
const postgres = { version: 150_018, now: 0, missingExtensions: [], pending: [], unknown: [] }
const node = (name: string, ...versions: string[]): { node: string, facts: { versions: string[] } } => ({ node: name, facts: { versions } })

test.each<[string, Finding | Finding[], string[]]>([
  ['keys that are shown', judgeKeys(2), ['ok']],
  ['no key', judgeKeys(0), ['fault']],
  ['a node that nothing arrives at', judgeDelivery({ one: 'ok', two: 'stopped' }), ['ok', 'fault']],
  ['much room', judgeDisk({ free: 50 * gib, total: 100 * gib }), ['ok']],
  ['little room', judgeDisk({ free: 4 * gib, total: 100 * gib }), ['warning']],
  ['no room', judgeDisk({ free: 0.1 * gib, total: 100 * gib }), ['fault']],
  ['one clock', judgeClock('PostgreSQL', -1999), ['ok']],
  ['a clock that drifts', judgeClock('PostgreSQL', 2000), ['warning']],
  ['a wrong clock', judgeClock('PostgreSQL', -31_000), ['fault']],
  ['a database that is up to date', judgePostgres(postgres), ['ok']],
  ['one that will be migrated', judgePostgres({ ...postgres, pending: ['0096-back-to'] }), ['ok']],
  ['an old PostgreSQL', judgePostgres({ ...postgres, version: 140_010 }), ['fault']],
  ['one without extensions', judgePostgres({ ...postgres, missingExtensions: ['unaccent'] }), ['fault']],
  ['one of a newer version', judgePostgres({ ...postgres, unknown: ['9999-later'] }), ['fault']],
  ['two nodes that know each other', judgeCentrifugo([node('a', '6.9.1', '6.9.1'), node('b', '6.9.1', '6.9.1')]), ['ok', 'ok']],
  ['two nodes that do not', judgeCentrifugo([node('a', '6.9.1'), node('b', '6.9.1')]), ['warning', 'warning']],
  ['an upgrade half done', judgeCentrifugo([node('a', '6.9.1', '6.9.2'), node('b', '6.9.1', '6.9.2')]), ['ok', 'ok', 'warning']],
  ['a node that is away, and one with another key', judgeCentrifugo([{ node: 'a' }, { node: 'b', isForeign: true }]), ['fault', 'fault']],
  ['a secret', judgeSecret('keys.json', 0o100600), ['ok']],
  ['a secret for the group', judgeSecret('keys.json', 0o100640), ['fault']],
])('%s', (_, found, states) => {
  const findings = [found].flat()
  expect(findings.map(({ state }) => state)).toEqual(states)
  for (const { state, advice } of findings) expect(state === 'ok' || advice !== undefined).toBe(true)
})
