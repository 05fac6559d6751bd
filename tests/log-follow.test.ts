/**
 * A log as it grows, read through a bad network and over a restart of whatever serves it: what a reader has at the end is, byte for
 * byte, what was sent. Once over the feed into the viewer's model, once with `neo logs -f`.
 */

import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createClient, LogStore, type Client } from '@neo-stack/client'
import { until } from '@neo-stack/testing'
import { serveColumn, type Served } from './column.ts'
import { neoMain } from './paths.ts'

const LINES = Number(process.env['NEO_LOG_LINES'] ?? 200_000)
const PER_SECOND = 5000
const CUTS = 50
const BATCH = 250
const of = { tenantId: 'acme', deploymentId: 'long-log' }
const LIMIT_MS = 120_000 + (LINES / PER_SECOND) * 4000

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => { for (const close of closing.splice(0).reverse()) await close() })

interface Setting { platform: Served, service: Client, member: Client, key: string }

async function start(): Promise<Setting> {
  const platform = await serveColumn('none')
  closing.push(() => platform.stop())
  const { proxy, demo: { apiKeys, users } } = platform
  const key = apiKeys.find(({ tenantId }) => tenantId === of.tenantId)?.key ?? ''
  const { email, password } = users.find(user => user.tenantId === of.tenantId && user.role === 'member') ?? { email: '', password: '' }
  const quick = { connection: { minReconnectMs: 50, maxReconnectMs: 300 }, feeds: { retry: { baseMs: 50, maxMs: 300 } } }
  const member = createClient({ baseUrl: proxy.url, cookieJar: true, ...quick })
  const service = createClient({ baseUrl: platform.url, apiKey: key, request: { retries: 0, timeoutMs: 10_000 } })
  closing.push(() => Promise.all([member.close(), service.close()]))
  await member.session.signIn(email, password)
  await service.rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: of.deploymentId, instanceType: 'odoo' } })
  return { platform, service, member, key }
}

const textOf = (n: number): string => `${n} ${n % 7 === 0 ? '\u001B[31merror\u001B[0m ' : ''}${(n * 2_654_435_761 % 4_294_967_296).toString(36)} ção`

/** Sends every line, a batch again until it was taken: its numbers make that harmless. */
async function sendLines(service: Client, count: number): Promise<void> {
  const startedAt = performance.now()
  for (let from = 1; from <= count; from += BATCH) {
    const lines = Array.from({ length: Math.min(BATCH, count - from + 1) }, (_, index) => textOf(from + index))
    while (await service.rest.logs.append(of, { lines, from }).catch(() => undefined) === undefined) await sleep(50)
    const ahead = (from / PER_SECOND) * 1000 - (performance.now() - startedAt)
    if (ahead > 0) await sleep(ahead)
  }
}

/** Cuts at even distances, and once the whole process. */
async function disturb({ platform, at }: { platform: Served, at: () => number }): Promise<number> {
  let cut = 0
  for (let round = 1; round <= CUTS; round++) {
    await until(() => at() >= (LINES * round) / (CUTS + 2), { timeoutMs: LIMIT_MS, what: `the source to come to cut ${round}` })
    // Whoever comes back from the cut before is cut again.
    cut += await until(() => platform.proxy.cut(round % 2 === 0 ? 'rst' : 'fin'), { timeoutMs: LIMIT_MS, what: `a connection for cut ${round}` })
    if (round === CUTS / 2) {
      await platform.kill()
      await platform.restart()
    }
  }
  return cut
}

const shaOf = (parts: Iterable<string>): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
function* sourceText(count: number): Generator<string> {
  for (let n = 1; n <= count; n++) yield `${textOf(n)}\n`
}

test(`${LINES} lines at ${PER_SECOND} a second reach the viewer's model whole, through ${CUTS} cuts and a kill -9`, async () => {
  const { platform, service, member } = await start()
  const store = new LogStore()
  const feed = member.feeds.deploymentLog(of, { onReset: lines => { store.put(lines) }, onLines: lines => { store.put(lines) } })
  feed.start()
  await until(() => feed.status.state === 'live')
  const sending = sendLines(service, LINES)
  const cut = await disturb({ platform, at: () => store.last })
  await sending
  await until(() => store.last === LINES, { timeoutMs: LIMIT_MS, what: 'the last line' })
  for (let next = store.missing(); next; next = store.missing()) store.put((await member.rest.logs.page(of, { ...next })).lines)
  expect(cut).toBeGreaterThanOrEqual(CUTS)
  expect(shaOf(store.text())).toBe(shaOf(sourceText(LINES)))
}, LIMIT_MS)

test('`neo logs -f` shows each line once and in order, or those that `--since` and `--grep` ask for, and ends with the deployment', async () => {
  const { platform, service, key } = await start()
  const count = 20_000
  const follow = (...args: string[]): { output: () => string, ended: Promise<number | null> } => {
    const neo = spawn(process.execPath, [neoMain, 'logs', of.deploymentId, '-f', '--json', '--url', platform.proxy.url, '--tenant', of.tenantId, ...args], { env: { ...process.env, NEO_API_KEY: key }, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    neo.stdout.on('data', (bytes: Buffer) => { output += String(bytes) })
    return { output: () => output, ended: new Promise(resolve => { neo.once('close', resolve) }) }
  }
  const all = follow()
  const errors = follow('--since', '1h', '--grep', 'ERROR')
  const toLines = ({ output }: typeof all): { n: number, text: string }[] => output().trimEnd().split('\n').filter(Boolean).map(line => JSON.parse(line) as { n: number, text: string })
  const shown = (): number => all.output().split('\n').length - 1
  const sending = sendLines(service, count)
  for (const part of [0.2, 0.4, 0.6, 0.8]) {
    await until(() => shown() >= count * part, { timeoutMs: 60_000, what: `${part} of the lines` })
    platform.proxy.cut()
  }
  await platform.kill()
  await platform.restart()
  await sending
  await service.rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_complete', data: { deploymentId: of.deploymentId } })
  expect(await Promise.all([all.ended, errors.ended])).toEqual([0, 0])
  const lines = toLines(all)
  expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  expect(shaOf(lines.map(({ text }) => `${text}\n`))).toBe(shaOf(sourceText(count)))
  expect(toLines(errors).map(({ n }) => n)).toEqual(Array.from({ length: Math.floor(count / 7) }, (_, index) => (index + 1) * 7))
}, LIMIT_MS)
