/** What a page costs a person: first contentful paint, the JavaScript it loads, and how soon a long list answers. */

import type { Page } from 'playwright-core'
import { signIn } from '@neo-stack/testing/playwright'
import { createServiceClient, readAccount } from '../keys.ts'
import { chromiumPath, launchBrowser } from '../browser.ts'
import { onEveryCore } from '../machine.ts'
import { startServer, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const PAGES = { dashboard: '/', deployments: '/deployments', instances: '/instances', alerts: '/alerts', metrics: '/metrics', billing: '/billing', inbox: '/inbox', history: '/history', team: '/team', settings: '/settings' } as const
const DEPLOYMENTS = 1000
const INTERACTIONS = 60
/** Events of one batch. */
const BATCH = 500

export const pages: Scenario = {
  doc: `tenant portal: first contentful paint and JavaScript of each page, interactions with ${DEPLOYMENTS} deployments`,
  run: async context => {
    if (chromiumPath === undefined) return { rows: [], notes: ['skipped: needs chromium'] }
    await using platform = await startServer(context, { env: { NEO_PORTALS: 'auto', PATH: process.env['PATH'] ?? '' }, readyTimeoutMs: 600_000 })
    const service = await createServiceClient(platform, 'acme')
    const browser = await onEveryCore(launchBrowser)
    const page = await browser.newPage({ locale: 'pt-BR', viewport: { width: 1440, height: 900 } })
    try {
      await signIn(page, `${platform.url}/tenant/`, await readAccount(platform, 'owner@acme.example'))
      await page.getByTestId('user-menu').waitFor()
      const rows: Row[] = []
      for (const [name, path] of Object.entries(PAGES)) rows.push(...await measureLoads(page, { name, url: `${platform.url}/tenant${path}`, loads: context.runs }))
      for (let done = 0; done < DEPLOYMENTS; done += BATCH) await service.rest.events.publishBatch({ events: Array.from({ length: BATCH }, (_, index) => toEvent(done + index)) })
      return { rows: [...rows, ...await measureInteractions(page, `${platform.url}/tenant/deployments`)] }
    } finally {
      await browser.close()
      await service.close()
    }
  },
}

const toEvent = (n: number): { channel: string, type: string, data: Record<string, unknown> } =>
  ({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: `long-${n}`, instanceId: `long-${n}`, instanceType: 'odoo', name: `Loja ${n}` } })

async function measureLoads(page: Page, { name, url, loads }: { name: string, url: string, loads: number }): Promise<Row[]> {
  const network = await page.context().newCDPSession(page)
  const scripts = new Set<string>()
  const load = async (isFirst: boolean): Promise<number> => {
    if (isFirst) await network.send('Network.clearBrowserCache')
    await page.goto(url, { waitUntil: 'networkidle' })
    const read = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      scripts: performance.getEntriesByType('resource').map(entry => entry.name).filter(address => /\.js(?:\?|$)/.test(address)),
    }))
    for (const address of read.scripts) scripts.add(address)
    return read.paint
  }
  const [first, again]: [number[], number[]] = [[], []]
  for (let n = 0; n < loads; n++) {
    first.push(await load(true))
    again.push(await load(false))
  }
  await network.detach()
  const bytes = await Promise.all([...scripts].map(readGzipped))
  return [
    { name: `${name}: first contentful paint, nothing cached, median of ${loads}`, value: summarise(first).p50, unit: 'ms' },
    { name: `${name}: first contentful paint, cached, median of ${loads}`, value: summarise(again).p50, unit: 'ms' },
    { name: `${name}: JavaScript, gzip`, value: bytes.reduce((sum, one) => sum + one, 0) / 1024, unit: 'KiB' },
  ]
}

/** Bytes of a file as it is sent to whoever takes gzip. */
async function readGzipped(address: string): Promise<number> {
  const answer = await fetch(address, { headers: { 'accept-encoding': 'gzip' } })
  const text = await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${address} is answered ${answer.status}`)
  return Number(answer.headers.get('content-length') ?? text.byteLength)
}

/** Presses filters and types into the search, one at a time; the time is the browser's own from the press to the next frame. */
async function measureInteractions(page: Page, url: string): Promise<Row[]> {
  await page.goto(url)
  await page.getByTestId('filter-all').filter({ hasText: new RegExp(`\\b${DEPLOYMENTS / 1000}[.,]?\\d{3}|\\b\\d{3,}`) }).waitFor({ timeout: 30_000 })
  await page.evaluate(() => {
    const durations = new Map<number, number>()
    Object.assign(globalThis, { benchDurations: durations })
    new PerformanceObserver(list => {
      // One press is several events.
      for (const { interactionId = 0, duration } of list.getEntries() as (PerformanceEntry & { interactionId?: number })[]) if (interactionId > 0) durations.set(interactionId, Math.max(duration, durations.get(interactionId) ?? 0))
    }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
  })
  const filters = ['failed', 'all', 'running', 'all'] as const
  const field = page.locator('input[type=search]').first()
  for (let n = 0; n < INTERACTIONS; n++) {
    if (n % 2 === 0) await page.getByTestId(`filter-${filters[(n / 2) % filters.length] ?? 'all'}`).click()
    else if (await field.inputValue() === '') await field.press('7')
    else await field.press('Backspace')
  }
  await page.waitForTimeout(500)
  const seen = await page.evaluate(() => [...(globalThis as unknown as { benchDurations: Map<number, number> }).benchDurations.values()])
  // The browser names no interaction that was shorter than two frames: those count as two frames.
  const durations = [...seen, ...Array.from({ length: Math.max(0, INTERACTIONS - seen.length) }, () => 16)]
  const { p50, p95 } = summarise(durations)
  return [
    { name: `press to next frame, ${DEPLOYMENTS} deployments, p50`, value: p50, unit: 'ms' },
    { name: `press to next frame, ${DEPLOYMENTS} deployments, p95`, value: p95, unit: 'ms', goal: '≤ 100' },
  ]
}
