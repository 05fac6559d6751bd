/** A deployment's log: how fast lines are taken, how soon a person sees them, and what a page with a million of them costs. */

import type { Page } from 'playwright-core'
import type { Client } from '@neo-stack/client'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import { chromiumPath, launchBrowser } from '../browser.ts'
import { createServiceClient, readAccount } from '../keys.ts'
import { runOpenLoop } from '../load.ts'
import { readHeap, readHeld, readSeen, timeJump, timeSearch, watchLog } from '../log-page.ts'
import { onEveryCore } from '../machine.ts'
import { startServer, watchGenerator, type BenchContext, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'
import { openViewers } from '../viewers.ts'

const VIEWERS = 50
const LINES = 1_000_000
const BATCH = 1000
const of = { tenantId: 'acme', deploymentId: 'bench-log' }

export const logs: Scenario = {
  doc: `a log of ${LINES.toLocaleString('en')} lines: ingest, emitted → painted with ${VIEWERS} viewers, heap and frames of the page, search`,
  run: async context => {
    if (chromiumPath === undefined) return { rows: [], notes: ['skipped: needs chromium'] }
    await using platform = await startServer(context, { env: { NEO_PORTALS: 'auto', PATH: process.env['PATH'] ?? '' }, readyTimeoutMs: 600_000 })
    const service = await createServiceClient(platform, of.tenantId)
    await service.rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: of.deploymentId, instanceType: 'odoo' } })
    const browser = await onEveryCore(launchBrowser)
    try {
      const page = await openPage(platform, await browser.newPage({ locale: 'pt-BR', viewport: { width: 1440, height: 1000 } }))
      return await watchGenerator(async () => [
        ...await measurePaint({ platform, service, page, context }),
        ...await measureFrames({ service, page, context }),
        ...await measureIngest(service),
        ...await measurePage(page),
      ])
    } finally {
      await browser.close()
      await service.close()
    }
  },
}

async function openPage(platform: PlatformProcess, page: Page): Promise<Page> {
  await signIn(page, `${platform.url}/tenant/`, await readAccount(platform, 'member@acme.example'))
  await page.getByTestId('connection-status').waitFor({ timeout: 30_000 })
  await page.goto(`${platform.url}/tenant/deployments/${of.deploymentId}`)
  await page.getByTestId('log-viewer').waitFor({ timeout: 30_000 })
  return page
}

interface Measuring { service: Client, page: Page, context: BenchContext }

/** Sends lines at a steady rate, twenty times a second; gives the wall-clock time before each of them was sent, by its number. */
async function emit(service: Client, { perSecond, seconds, first }: { perSecond: number, seconds: number, first: number }): Promise<Map<number, number>> {
  const emitted = new Map<number, number>()
  const size = perSecond / 20
  let before = Promise.resolve()
  await runOpenLoop({ perSecond: 20, seconds }, async index => {
    const from = first + index * size
    const lines = Array.from({ length: size }, (_, at) => toText(from + at))
    for (let n = from; n < from + size; n++) emitted.set(n, Date.now())
    // Numbers follow each other: a batch waits for the one before it.
    before = before.then(async () => { await service.rest.logs.append(of, { lines, from }) })
    await before
  })
  return emitted
}

const toText = (n: number): string => `2026-01-05 12:00:00,000 INFO odoo.modules.loading: loading module ${n} of the stack`

async function measurePaint({ platform, service, page, context }: Measuring & { platform: PlatformProcess }): Promise<Row[]> {
  const viewers = await openViewers(platform, { count: VIEWERS - 1, channel: `tenant:acme:deployments:${of.deploymentId}` }, () => { /* load only */ })
  await watchLog(page)
  const emitted = await emit(service, { perSecond: 1000, seconds: context.seconds, first: await nextLine(service) })
  const last = Math.max(...emitted.keys())
  await until(async () => ((await readSeen(page)).painted.at(-1)?.n ?? 0) >= last, { timeoutMs: 30_000, what: 'the last line to be painted' })
  const { painted } = await readSeen(page)
  await Promise.all(viewers.map(client => client.close()))
  let frame = 0
  const took = [...emitted].map(([n, at]) => {
    while ((painted[frame]?.n ?? Number.POSITIVE_INFINITY) < n) frame++
    return Math.max(0, (painted[frame]?.at ?? Number.POSITIVE_INFINITY) - at)
  })
  const { p50, p99 } = summarise(took)
  return [
    { name: 'emitted → painted at 1,000 lines/s, p50', value: p50, unit: 'ms' },
    { name: 'emitted → painted at 1,000 lines/s, p99', value: p99, unit: 'ms', goal: '≤ 150' },
  ]
}

async function measureFrames({ service, page, context }: Measuring): Promise<Row[]> {
  await watchLog(page)
  await emit(service, { perSecond: 2000, seconds: context.seconds, first: await nextLine(service) })
  const { frames } = await readSeen(page)
  return [{ name: 'frame while following 2,000 lines/s, p95', value: summarise(frames.slice(1)).p95, unit: 'ms', goal: '≤ 20' }]
}

async function measureIngest(service: Client): Promise<Row[]> {
  const first = await nextLine(service)
  const startedAt = performance.now()
  for (let from = first; from <= LINES; from += BATCH) {
    await service.rest.logs.append(of, { lines: Array.from({ length: Math.min(BATCH, LINES - from + 1) }, (_, at) => toText(from + at)), from })
  }
  return [{ name: 'ingest', value: (LINES - first + 1) / ((performance.now() - startedAt) / 1000), unit: 'lines/s', goal: '≥ 20,000' }]
}

async function measurePage(page: Page): Promise<Row[]> {
  await until(async () => await readHeld(page) === LINES, { timeoutMs: 300_000, everyMs: 500, what: 'the page to hold every line' })
  const heap = await readHeap(page)
  const rows = await page.getByTestId('log-line').count()
  return [
    { name: 'heap of the page at 1 M lines', value: heap, unit: 'MB', goal: '≤ 250' },
    { name: 'rows in the page', value: rows, unit: '', goal: '≤ 300' },
    { name: 'search of 1 M lines', value: await timeSearch(page, 'module 77777'), unit: 'ms', goal: '≤ 150' },
    { name: 'jump to a line', value: await timeJump(page, 123_456), unit: 'ms', goal: '≤ 200' },
  ]
}

async function nextLine(service: Client): Promise<number> {
  return (await service.rest.logs.page(of, { limit: 1 })).last + 1
}
