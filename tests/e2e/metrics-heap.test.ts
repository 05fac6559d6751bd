/** What the page of figures costs a browser: memory under ten thousand updates, and no painting while nobody sees it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '@neo-stack/testing'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

const UPDATES = 10_000
const MAX_GROWTH = 2 * 1024 ** 2

/** How long samples come at the pace of ten series with one a second each. */
const SECONDS = Number(process.env['NEO_HEAP_SECONDS'] ?? 10)
const PER_SECOND = 10
const MAX_GROWTH_OF_AN_HOUR = 10 * 1024 ** 2

interface Painted { strokes: number, changes: number }

/** Counts what is drawn on canvases and changed in the dashboard. Runs in the page. */
function watchPainting(): void {
  const scope = globalThis as unknown as {
    painted: Painted, CanvasRenderingContext2D: { prototype: Record<string, (...args: unknown[]) => unknown> }, document: { querySelector: (selector: string) => unknown },
    MutationObserver: new (call: (list: unknown[]) => void) => { observe: (node: unknown, options: object) => void },
  }
  const painted = scope.painted = { strokes: 0, changes: 0 }
  const { prototype } = scope.CanvasRenderingContext2D
  const { stroke } = prototype
  prototype['stroke'] = function (...args) {
    painted.strokes++
    return stroke?.apply(this, args)
  }
  new scope.MutationObserver(list => { painted.changes += list.length }).observe(scope.document.querySelector('[data-testid=realtime-dashboard]'), { subtree: true, childList: true, attributes: true, characterData: true })
}
const readPainted = (): Painted => ({ ...(globalThis as unknown as { painted: Painted }).painted })

/** What the browser does when the tab is left or come back to. Runs in the page. */
function setVisibility(state: 'hidden' | 'visible'): void {
  const { document } = globalThis as unknown as { document: { dispatchEvent: (event: Event) => void } }
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
  document.dispatchEvent(new Event('visibilitychange'))
}
const twoFrames = 'new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))'

const toMegabytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(2)

async function readHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  // What is only held by the garbage of the first time goes with the next.
  for (let time = 0; time < 3; time++) await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

describe.skipIf(!chromiumPath && !isRequired)(`the page of figures${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let stage: Stage
  let page: Page
  let count = 0
  /** The highest number of a sample that came. */
  let received = 0
  // Ahead of what the platform measures itself, so that each of these is the newest.
  const start = Math.floor(Date.now() / 1000) + 7200

  /** Pushes samples; each has its number as its active instances. */
  const push = async (updates: number): Promise<void> => {
    for (let left = updates; left > 0; left -= 500) {
      const samples = Array.from({ length: Math.min(500, left) }, () => {
        const n = ++count
        return { at: start + n, cpu: n % 100, memory: n % 90, disk: n % 80, networkIn: n * 7 % 1_000_000, networkOut: n * 13 % 1_000_000, activeInstances: n, uptime: n }
      })
      await stage.ask('acme', '/v1/tenants/acme/metrics', { samples })
    }
  }
  const isShown = async (): Promise<void> => {
    for (let tries = 4; tries > 0; tries--) {
      const newest = page.getByTestId('metric-instances').filter({ hasText: new RegExp(`\\D${count.toLocaleString('pt-BR').replace('.', '\\.')}$`) })
      if (await newest.waitFor({ timeout: 15_000 }).then(() => true, () => false)) return
      // What is hours ahead is not read again by a connection that was cut meanwhile: the next sample shows that it is there.
      await push(1)
    }
    throw new Error(`sample ${count} is not shown`)
  }

  beforeAll(async () => {
    stage = await openStage()
    page = (await stage.enter('member@acme.example')).page
    page.on('websocket', socket => { socket.on('framereceived', ({ payload }) => {
      for (const [, n] of String(payload).matchAll(/"activeInstances":(\d+),/g)) received = Math.max(received, Number(n))
    }) })
    await page.goto(`${stage.platform.url}/tenant/metrics`)
    await page.getByTestId('plot').locator('canvas').waitFor()
    // Only what is live is there to be pushed to.
    await page.locator('[data-testid=realtime-dashboard][data-state=live]').waitFor()
  }, 600_000)
  afterAll(() => stage?.close())

  it('keeps no more than 2 MB more after ten thousand updates', async () => {
    await push(1000)
    await isShown()
    const before = await readHeap(page)
    await push(UPDATES)
    await isShown()
    const growth = await readHeap(page) - before
    console.log(`retained heap after ${UPDATES} updates: ${toMegabytes(growth)} MB more than ${toMegabytes(before)} MB`)
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH)
  }, 240_000)

  it('keeps no more than 10 MB more after an hour of ten samples a second', async () => {
    // A range whose past is read anew every minute.
    await page.getByTestId('chart-range').selectOption('m30')
    await push(1000)
    await isShown()
    const before = await readHeap(page)
    const startedAt = Date.now()
    for (let second = 1; second <= SECONDS; second++) {
      await push(PER_SECOND)
      await until(() => Date.now() >= startedAt + second * 1000, { timeoutMs: 5000, everyMs: 50 })
      if (second % 300 === 0) console.log(`after ${second} s: ${toMegabytes(await readHeap(page) - before)} MB more`)
    }
    await isShown()
    const growth = await readHeap(page) - before
    console.log(`retained heap after ${SECONDS} s of ${PER_SECOND} samples a second: ${toMegabytes(growth)} MB more than ${toMegabytes(before)} MB`)
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH_OF_AN_HOUR)
    await page.getByTestId('chart-range').selectOption('live')
  }, (SECONDS + 240) * 1000)

  it('paints nothing while the tab is hidden, and what came meanwhile is there at once afterwards', async () => {
    await page.evaluate(watchPainting)
    // What the chart asks about the next seconds is answered when nobody sees it any more.
    const gate = Promise.withResolvers<undefined>()
    await page.route('**/v1/history/search?*', async route => {
      await gate.promise
      await route.continue().catch(() => undefined)
    })
    const asked = page.waitForRequest('**/v1/history/search?*')
    await push(20)
    await isShown()
    await asked
    expect((await page.evaluate(readPainted)).strokes).toBeGreaterThan(0)
    await page.evaluate(setVisibility, 'hidden' as const)
    await page.evaluate(twoFrames)
    const before = await page.evaluate(readPainted)
    const answered = page.waitForResponse('**/v1/history/search?*')
    gate.resolve(undefined)
    await (await answered).finished()
    await push(50)
    await until(() => received >= count, { timeoutMs: 30_000, what: 'the last sample to reach the tab' })
    await page.evaluate(twoFrames)
    expect(await page.evaluate(readPainted)).toEqual(before)
    await page.evaluate(setVisibility, 'visible' as const)
    await isShown()
    expect((await page.evaluate(readPainted)).strokes).toBeGreaterThan(before.strokes)
  }, 120_000)
})
