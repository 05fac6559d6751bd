/** A backup of a running platform, restored into it while clients are connected: they follow the restored log from a new snapshot. */

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client, type Feed } from '@neo-stack/client'
import type { Envelope } from '@neo-stack/events'
import { startPlatform, until, type DemoFile, type PlatformProcess } from '@neo-stack/testing'
import { platformMain } from './paths.ts'

const channel = 'tenant:acme:alerts'

interface Ended { code: number, output: string }

function runCommand(dataDir: string, ...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [platformMain, ...args], { env: { NEO_DATA_DIR: dataDir } }, (error, stdout, stderr) => { resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }) })
  })
}

interface Reader { client: Client, feed: Feed, snapshots: Envelope[][], received: Envelope[] }

async function openReader(url: string, { email, password }: { email: string, password: string }): Promise<Reader> {
  const client = createClient({ baseUrl: url, cookieJar: true, connection: { minReconnectMs: 20, maxReconnectMs: 200 }, feeds: { retry: { baseMs: 20, maxMs: 200 } } })
  await client.session.signIn(email, password)
  const [snapshots, received]: [Envelope[][], Envelope[]] = [[], []]
  const feed = client.feeds.events(channel, { onSnapshot: events => { snapshots.push([...events]) }, onEvent: event => { received.push(event) } })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs: 15_000 })
  return { client, feed, snapshots, received }
}

describe('a backup of the running platform', () => {
  let platform: PlatformProcess
  let demo: DemoFile
  let service: Client
  let folder: string
  let readers: Reader[]
  const publish = async (message: string): Promise<number | undefined> => (await service.rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message } })).seq
  const last = (events: readonly Envelope[] | undefined): unknown => events?.at(-1)?.data['message']

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neo-restore-'))
    platform = await startPlatform({ main: platformMain })
    demo = await platform.demo()
    service = createClient({ baseUrl: platform.url, apiKey: demo.apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? '' })
    const people = demo.users.filter(({ tenantId, role }) => tenantId === 'acme' && ['owner', 'member', 'viewer'].includes(role))
    readers = await Promise.all(people.map(person => openReader(platform.url, person)))
  })
  afterAll(async () => {
    await Promise.all([...readers ?? [], { client: service }].map(({ client }) => client?.close()))
    await platform?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is made and verified without stopping it', async () => {
    await publish('Before the backup')
    const made = await runCommand(platform.dataDir, 'backup', join(folder, 'first.backup'))
    expect(made).toEqual({ code: 0, output: expect.stringMatching(/rows of \d+ tables are in/) })
    expect(await runCommand(platform.dataDir, 'verify', join(folder, 'first.backup'))).toEqual({ code: 0, output: expect.stringContaining('without a hole') })
    expect(await runCommand(platform.dataDir, 'verify')).toEqual({ code: 0, output: expect.stringContaining('without a hole') })
    await publish('Still publishing')
  })

  test('is not restored over what is there unless that is said, nor from a file that is cut off, and nobody notices', async () => {
    const snapshots = readers.map(reader => reader.snapshots.length)
    expect(await runCommand(platform.dataDir, 'restore', join(folder, 'first.backup'))).toEqual({ code: 1, output: expect.stringMatching(/in use by another process|not empty/) })
    writeFileSync(join(folder, 'cut.backup'), readFileSync(join(folder, 'first.backup')).subarray(0, 5000))
    expect(await runCommand(platform.dataDir, 'restore', join(folder, 'cut.backup'), '--replace')).toEqual({ code: 1, output: expect.stringContaining('is cut off') })
    await publish('Undisturbed')
    await until(() => readers.every(({ received }) => last(received) === 'Undisturbed'))
    expect(readers.map(reader => reader.snapshots.length)).toEqual(snapshots)
  })

  test('is restored while clients are connected: the epoch changes, each takes a new snapshot and follows from there', async () => {
    const { logEpoch: before, seq: seqBefore } = await service.rest.events.history({ channel })
    await until(() => readers.every(({ received }) => received.at(-1)?.seq === seqBefore))
    const restored = await runCommand(platform.dataDir, 'restore', join(folder, 'first.backup'), '--replace')
    expect(restored).toEqual({ code: 0, output: expect.stringContaining('readers take a new snapshot') })
    await until(() => readers.every(({ snapshots }) => last(snapshots.at(-1)) === 'Before the backup'), { timeoutMs: 20_000, what: 'a new snapshot for everybody' })
    const { logEpoch, seq } = await service.rest.events.history({ channel })
    expect(logEpoch).not.toBe(before)
    expect(seq).toBeLessThan(seqBefore)
    const counts = readers.map(({ received }) => received.length)
    expect(await publish('After the restore')).toBe(seq + 1)
    await until(() => readers.every(({ received }) => last(received) === 'After the restore'), { timeoutMs: 20_000 })
    expect(readers.map(({ received }, index) => received.slice(counts[index]).map(event => event.seq))).toEqual(readers.map(() => [seq + 1]))
    expect(readers.map(({ client }) => client.session.user?.tenantId)).toEqual(readers.map(() => 'acme'))
    await Promise.all(readers.map(({ client }) => client.rest.deployments.list('acme', { limit: 1 })))
  })

  test('leaves what it replaced as a backup, and starts an empty folder elsewhere with the same sign-ins', async () => {
    const before = readdirSync(folder).find(name => name.startsWith('before-restore-')) ?? ''
    const other = join(folder, 'other')
    expect(await runCommand(other, 'restore', join(folder, before))).toMatchObject({ code: 0 })
    expect(existsSync(join(other, 'demo.json'))).toBe(true)
    await using elsewhere = await startPlatform({ main: platformMain, dataDir: other })
    const person = demo.users.find(({ email }) => email === 'member@acme.example') ?? { email: '', password: '' }
    const reader = await openReader(elsewhere.url, person)
    expect(last(reader.snapshots.at(-1))).toBe('Undisturbed')
    await reader.client.close()
  })
})
