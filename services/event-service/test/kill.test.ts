import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, describe } from 'vitest'
import { openPglite } from '../src/database/pglite.ts'
import type { PgliteImage } from '../src/database/pglite-image.ts'
import { stages, type Stage } from '../src/publish/stages.ts'
import { preparedImage } from './prepared-database.ts'

/** How one writer ends, and what it sends again under the same keys. */
export interface Plan {
  round: string
  stage?: Stage
  times?: number
  afterMs?: number
  again: readonly string[]
}

interface Line {
  sent?: string
  acked?: string
  seq?: number
  id?: string
}

/** What the writers of one folder said. */
interface Said {
  sent: Set<string>
  acked: Map<string, { seq: number, id: string }>
}

async function runWriter(folder: string, plan: Plan, said: Said): Promise<string | null> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'kill-child.ts'), folder, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => { out.push(chunk) })
  child.stderr.on('data', (chunk: Buffer) => { err.push(chunk) })
  const [, signal] = await once(child, 'close') as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(Buffer.concat(err).toString())
  for (const text of Buffer.concat(out).toString().split('\n').filter(line => line.endsWith('}'))) {
    const { sent, acked, seq = 0, id = '' } = JSON.parse(text) as Line
    if (sent !== undefined) said.sent.add(sent)
    if (acked === undefined) continue
    const before = said.acked.get(acked)
    expect(before ?? { seq, id }, 'a repeat is answered as the first time').toEqual({ seq, id })
    said.acked.set(acked, { seq, id })
  }
  return signal
}

async function check(folder: string, { sent, acked }: Said): Promise<void> {
  const database = await openPglite({ dataDir: folder })
  const rows = await database.inTenant('acme', tx => tx.selectFrom('events').select(['id', 'seq', 'data']).where('channel', '=', 'tenant:acme:alerts').orderBy('seq').execute())
  const position = await database.inTenant('acme', tx => tx.selectFrom('channels').select(['seq', 'bytes']).where('name', '=', 'tenant:acme:alerts').executeTakeFirst())
  await database.close()
  const found = new Map(rows.map(({ id, seq, data }) => [String(data['message']), { id, seq: Number(seq) }]))
  expect(rows.map(({ seq }) => Number(seq)), 'dense').toEqual(rows.map((_, index) => index + 1))
  expect(Number(position?.seq), 'the channel stands at its last event').toBe(rows.length)
  expect(found.size, 'nothing twice').toBe(rows.length)
  expect([...found.keys()].filter(message => !sent.has(message)), 'nothing that nobody sent').toEqual([])
  expect([...acked].filter(([message, { id, seq }]) => found.get(message)?.id !== id || found.get(message)?.seq !== seq), 'nothing acknowledged is missing').toEqual([])
}

/** Puts an image into a folder of the disk. */
async function unpack({ bytes, folders, files }: PgliteImage, folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 })
  for (const [name] of folders) await mkdir(path.join(folder, name), { mode: 0o700 })
  for (const [name, , from, length] of files) await writeFile(path.join(folder, name), bytes.subarray(from, from + length), { mode: 0o600 })
}

async function killAll(plans: readonly Omit<Plan, 'again'>[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kill-'))
  const said: Said = { sent: new Set(), acked: new Map() }
  try {
    const data = path.join(folder, 'data')
    await unpack(await preparedImage(), data)
    const database = await openPglite({ dataDir: data })
    await database.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    await database.close()
    for (const plan of plans) await runWriter(data, { ...plan, again: [...said.sent].filter(message => !said.acked.has(message)) }, said)
    expect(said.acked.size).toBeGreaterThan(0)
    await check(data, said)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe.concurrent('after kill -9', () => {
  it('at every stage of a write, what was acknowledged is found once, and nothing else', async () => {
    await killAll(stages.map((stage, index) => ({ round: stage, stage, times: 20 + index * 7 })))
  }, 240_000)

  it.each([1, 2])('at twenty random moments, the same (%i)', async half => {
    await killAll(Array.from({ length: 20 }, (_, index) => ({ round: `r${half}-${index}`, afterMs: 5 + Math.floor(Math.random() * 400) })))
  }, 240_000)
})
