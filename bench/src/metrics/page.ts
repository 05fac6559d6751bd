/** The page of figures in a real browser: how long until a sample and an alert are seen, and what the page keeps of the samples that came. */

import { createClient, type Client } from '@neo-stack/client'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../browser.ts'
import { createServiceClient, readAccount } from '../keys.ts'
import { runOpenLoop } from '../load.ts'
import { readHeap } from '../log-page.ts'
import { onEveryCore } from '../machine.ts'
import { startServer, watchGenerator, type BenchContext, type Measured } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

/** Samples a second: as many as an hour of ten series, in a tenth of the time. */
const PER_SECOND = 10
/** Samples that come first, until the page keeps as many as it ever does. */
const WARM = 400
/** Rules that fire one after the other. */
const RULES = 30
/** What the first rule waits for; each next one waits for one more. */
const LIMIT = 1e6

/** The page, who pushes samples, and the second before the first sample: ahead of what the platform measures itself, so that each of these is the newest. */
interface Stage {
  page: Page
  service: Client
  start: number
}

const toSample = (start: number, n: number, uptime = n) => ({ at: start + n, cpu: n % 100, memory: 40, disk: 50, networkIn: n * 7 % 1e6, networkOut: n * 13 % 1e6, activeInstances: n, uptime })

/** Sends samples to a tenant whose page is open. */
export async function measurePage({ database: _, ...context }: BenchContext): Promise<Measured> {
  await using platform = await startServer(context, { env: { NEO_PORTALS: 'auto', PATH: process.env['PATH'] ?? '' }, readyTimeoutMs: 600_000 })
  const service = await createServiceClient(platform, 'acme')
  const browser = await onEveryCore(launchBrowser)
  try {
    const page = await browser.newPage({ locale: 'pt-BR', viewport: { width: 1440, height: 1000 } })
    await signIn(page, `${platform.url}/tenant/`, await readAccount(platform, 'member@acme.example'))
    await page.getByTestId('user-menu').waitFor({ timeout: 60_000 })
    await page.goto(`${platform.url}/tenant/metrics`)
    await page.getByTestId('plot').locator('canvas').waitFor()
    await page.locator('[data-testid=realtime-dashboard][data-state=live]').waitFor()
    const stage: Stage = { page, service, start: Math.floor(Date.now() / 1000) + 7200 }
    return await watchGenerator(async () => [...await measureSamples(stage, context.seconds), ...await measureAlerts(stage, platform, WARM + context.seconds * PER_SECOND)])
  } finally {
    await browser.close()
    await service.close()
  }
}

async function measureSamples({ page, service, start }: Stage, seconds: number): Promise<Row[]> {
  await service.rest.metrics.push('acme', { samples: Array.from({ length: WARM }, (_, index) => toSample(start, index + 1)) })
  await watchNumbers(page, { selector: '[data-testid="metric-instances"] dd', pattern: '[\\d.]+' })
  const before = await readHeap(page)
  const samples = seconds * PER_SECOND
  const sent: number[] = []
  await runOpenLoop({ perSecond: PER_SECOND, seconds }, async index => {
    sent[index] = Date.now()
    await service.rest.metrics.push('acme', toSample(start, WARM + index + 1))
  })
  const took = await timesUntilSeen(page, { first: WARM + 1, sent })
  const { p50, p99 } = summarise(took)
  return [
    { name: `sample → pixel at ${PER_SECOND}/s, p50`, value: p50, unit: 'ms' },
    { name: `sample → pixel at ${PER_SECOND}/s, p99`, value: p99, unit: 'ms', goal: '≤ 1,000' },
    { name: `retained heap of the page after ${samples} samples more`, value: await readHeap(page) - before, unit: 'MB', goal: '≤ 10 in an hour' },
  ]
}

/** Each sample fires one more rule; the next one is sent when the alert was seen. */
async function measureAlerts({ page, service, start }: Stage, platform: PlatformProcess, last: number): Promise<Row[]> {
  const manager = createClient({ baseUrl: platform.url })
  const { email, password } = await readAccount(platform, 'manager@acme.example')
  await manager.session.signIn(email, password)
  await manager.rest.alerts.putRules('acme', { rules: Array.from({ length: RULES }, (_, n) => ({ name: `R${n + 1}`, metric: 'uptime', op: '>', threshold: LIMIT + n, severity: 'warning' })) })
  await manager.close()
  await watchNumbers(page, { selector: '[data-testid="alerts"] li', pattern: '(?<=R)\\d+(?=:)' })
  const sent: number[] = []
  for (let n = 1; n <= RULES; n++) {
    sent.push(Date.now())
    await service.rest.metrics.push('acme', toSample(start, last + n, LIMIT + n - 0.5))
    await timesUntilSeen(page, { first: 1, sent })
  }
  const { p50, p99 } = summarise(await timesUntilSeen(page, { first: 1, sent }))
  return [{ name: `condition true → alert on the page, ${RULES} rules, p50`, value: p50, unit: 'ms' }, { name: 'condition true → alert on the page, p99', value: p99, unit: 'ms', goal: '≤ 2,000' }]
}

type Shown = Readonly<Record<number, number>>

/** Notes from now on which number the first element says, with the wall-clock time of the frame. */
async function watchNumbers(page: Page, what: { selector: string, pattern: string }): Promise<void> {
  await page.evaluate(({ selector, pattern }) => {
    const shown: Record<number, number> = {}
    Object.assign(globalThis, { benchNumbers: shown })
    let last = -1
    const look = (): void => {
      if ((globalThis as unknown as { benchNumbers: unknown }).benchNumbers !== shown) return
      const n = Number((new RegExp(pattern).exec(document.querySelector(selector)?.textContent ?? '')?.[0] ?? '-1').replaceAll('.', ''))
      if (n !== last) {
        last = n
        // A message posted inside an animation frame arrives after that frame was painted.
        const painted = new MessageChannel()
        painted.port1.onmessage = () => { shown[n] ??= performance.timeOrigin + performance.now() }
        painted.port2.postMessage(0)
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, what)
}

/** Milliseconds from sending until each number was seen, the first being `first`: a frame that shows a later one shows that an earlier one is over. */
async function timesUntilSeen(page: Page, { first, sent }: { first: number, sent: readonly number[] }): Promise<number[]> {
  const read = async (): Promise<Shown> => await page.evaluate(() => (globalThis as unknown as { benchNumbers: Shown }).benchNumbers)
  const last = first + sent.length - 1
  const shown = await until(async () => {
    const seen = await read()
    return seen[last] !== undefined && seen
  }, { timeoutMs: 20_000, everyMs: 20, what: `${last} to be seen` })
  const times = Object.entries(shown).map(([n, at]) => ({ n: Number(n), at })).toSorted((one, other) => one.n - other.n)
  return sent.map((at, index) => (times.find(({ n }) => n >= first + index)?.at ?? Number.NaN) - at)
}
