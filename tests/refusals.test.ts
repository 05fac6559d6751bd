/** What the process refuses to start on: one sentence on stderr that says what to do, and an exit code that is not 0. */

import { once } from 'node:events'
import { statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPlatform, startPlatform, type Exit, type PlatformProcess } from '@neo-stack/testing'
import { platformMain as main } from './paths.ts'

/** The lock and the socket stay with whoever holds them. */
const isCopied = (source: string): boolean => !/\/lock[^/]*$/.test(source) && statSync(source, { throwIfNoEntry: false })?.isSocket() !== true

describe('the process refuses in one sentence', () => {
  let folder: string
  let running: PlatformProcess

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neo-refusals-'))
    running = await startPlatform({ main, dataDir: join(folder, 'running') })
  }, 180_000)

  afterAll(async () => {
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const refuse = (env: Record<string, string> = {}, dataDir = join(folder, 'fresh')): Promise<Exit> => runPlatform({ main, dataDir, env })

  function expectSentence({ code, signal, stderr }: Exit, about: RegExp): void {
    expect({ code, signal }).toEqual({ code: expect.any(Number), signal: null })
    expect(code).not.toBe(0)
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(about)
    expect(lines[0]).toMatch(/^[A-Z].*\.$/)
    expect(stderr).not.toMatch(/\n\s+at |node:internal/)
  }

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      expectSentence(await refuse({ PORT: String(port) }), new RegExp(`${port}.*PORT`))
    } finally {
      server.close()
    }
  })

  test('a data folder that a running process holds, and leaves that one unharmed', async () => {
    expectSentence(await refuse({}, running.dataDir), /in use.*NEO_DATA_DIR/)
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200)
  })

  test('a file where the data folder should be', async () => {
    const file = join(folder, 'file')
    await writeFile(file, 'a file')
    expectSentence(await refuse({}, file), /data folder/i)
    expectSentence(await refuse({}, join(file, 'below')), /data folder/i)
  })

  test('a data folder that may not be written', async () => {
    const locked = join(folder, 'locked')
    await mkdir(locked, { mode: 0o500 })
    // Root may write in any folder of a disk, so it gets one that nobody may write in.
    expectSentence(await refuse({}, process.getuid?.() === 0 ? '/sys/neo-data' : locked), /cannot be written|cannot be made/)
  })

  test('a database folder that holds garbage', async () => {
    const damaged = join(folder, 'damaged')
    await cp(running.dataDir, damaged, { recursive: true, filter: isCopied })
    const database = join(damaged, 'database')
    for (const name of await readdir(join(database, 'global'))) await writeFile(join(database, 'global', name), 'garbage')
    expectSentence(await refuse({}, damaged), /database|data folder/i)
  })

  test('a file of secrets that is damaged', async () => {
    const damaged = join(folder, 'secrets')
    await cp(running.dataDir, damaged, { recursive: true, filter: isCopied })
    const names = (await readdir(running.dataDir)).filter(name => /\.json$/.test(name) && name !== 'demo.json')
    expect(names).not.toEqual([])
    for (const name of names) await writeFile(join(damaged, name), '{"half":')
    expectSentence(await refuse({}, damaged), /cannot be read|damaged/)
  })

  test.concurrent.each([
    ['CENTRIFUGO_URL without its key', { CENTRIFUGO_URL: 'http://127.0.0.1:8000' }, /CENTRIFUGO_API_KEY/],
    ['DATABASE_URL alone', { DATABASE_URL: 'postgres://127.0.0.1/neo' }, /DATABASE_URL.*(REDIS_URL|CENTRIFUGO_URL)/],
    ['a port that is no port', { PORT: 'http' }, /PORT/],
    ['a port beyond the last one', { PORT: '65536' }, /PORT/],
    ['a demo setting that is neither', { NEO_DEMO: 'yes' }, /NEO_DEMO/],
    ['an address of no machine', { HOST: '203.0.113.1', NEO_DEMO: '0' }, /HOST 203\.0\.113\.1/],
    ['an open address without a word about the demo accounts', { HOST: '0.0.0.0', NEO_DEMO: '' }, /NEO_DEMO/],
    ['an origin with a path', { NEO_ALLOWED_ORIGINS: 'https://portal.example/path' }, /NEO_ALLOWED_ORIGINS/],
    ['a public address that is none', { NEO_PUBLIC_URL: 'portal.example' }, /NEO_PUBLIC_URL/],
    ['a short metrics token', { METRICS_TOKEN: 'short' }, /METRICS_TOKEN/],
  ])('%s', async (_name, env, about) => {
    expectSentence(await refuse(env), about)
  })
})
