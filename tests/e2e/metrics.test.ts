/** The metrics page in a real browser: when samples are taken, ranges, pause, pointer, keys, table, file. */

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '@neo-stack/testing'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired, seriousFindings } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

/** Points that the chart shows. */
const pointsOf = (page: Page): Promise<number> => page.getByTestId('metrics-chart').getAttribute('data-points').then(Number)

describe.skipIf(!chromiumPath && !isRequired)(`metrics${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let stage: Stage
  beforeAll(async () => { stage = await openStage() }, 600_000)
  afterAll(() => stage?.close())

  it('are taken each second while a page shows them, and every ten once it was left', async () => {
    const { page, context } = await stage.enter('member@acme.example')
    const readSeconds = async (from: number): Promise<number[]> =>
      (await stage.read<{ samples: { at: number }[] }>('acme', `/v1/tenants/acme/metrics?from=${Math.floor(from / 1000)}`)).samples.map(({ at }) => at)
    /** Seconds whose next one has a sample as well: nobody is sampled so often unless somebody looks. */
    const findPairs = (seconds: readonly number[]): number[] => seconds.filter(at => seconds.includes(at + 1))
    /** Whether two samples are ten seconds apart: nobody is sampled so seldom while somebody looks. */
    const isIdle = (seconds: readonly number[]): boolean => seconds.some((at, index) => (seconds[index + 1] ?? 0) - at >= 10)
    const asked = page.waitForRequest('**/v1/tenants/acme/metrics/lease')
    await page.goto(`${stage.platform.url}/tenant/metrics`)
    await asked
    const opened = Date.now()
    const first = await until(async () => findPairs(await readSeconds(opened)).at(0), { timeoutMs: 10_000, everyMs: 100, what: 'a sample each second' })
    await context.close()
    const left = Date.now()
    // What was asked for before, and what was still on its way, stands until its time is over.
    const seconds = await until(async () => {
      const all = await readSeconds(left)
      return isIdle(all) && all
    }, { timeoutMs: 60_000, everyMs: 500, what: 'a sample only after ten seconds' })
    const last = findPairs(seconds).at(-1) ?? left / 1000
    // A lease lasts 20 s.
    expect(last - left / 1000).toBeLessThanOrEqual(30)
    console.log(`sampled each second ${first * 1000 - opened} ms after the page began to look, until ${Math.round(last - left / 1000)} s after it was left`)
  }, 120_000)

  it.each([['operator@neo.example', 'admin'], ['manager@acme.example', 'tenant']] as const)('of %s: live, held, by key, as a table and as a file', async (email, portal) => {
    const id = `chart-${Date.now().toString(36)}`
    await stage.ask('acme', '/v1/events', { channel: 'tenant:acme:billing', type: 'billing_payment', data: { paymentId: id, status: 'failed', message: 'Cartão recusado', amountMinor: 100, currency: 'BRL' } })
    await stage.ask('acme', '/v1/events', { channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: id, instanceType: 'odoo' } })
    const { page, context, errors } = await stage.enter(email, { portal })
    await page.goto(`${stage.platform.url}/${portal}/metrics`)
    const chart = page.getByTestId('metrics-chart')
    await page.getByTestId('metric-cpu').getByText('%').first().waitFor({ timeout: 30_000 })
    await expect.poll(() => pointsOf(page), { timeout: 30_000 }).toBeGreaterThan(3)
    await page.getByTestId('plot').locator('canvas').waitFor()
    const said = (): Promise<string | null> => chart.locator('[role=status]').textContent()
    // The same widget, from the last samples to a month.
    for (const range of ['m30', 'h3', 'h24', 'd7', 'd30'] as const) {
      const [answer] = await Promise.all([page.waitForResponse(one => /\/metrics\?.*from=/.test(one.url())), page.getByTestId('chart-range').selectOption(range)])
      expect(answer.status()).toBe(200)
      await page.locator(`[data-testid=metrics-chart][data-range=${range}]`).waitFor()
    }
    // What is up and since when, what people did, and what happened meanwhile: of deployments and of billing.
    await (portal === 'admin' ? page.getByTestId('part-since').filter({ hasText: 'desde' }) : page.getByTestId('instance-state').filter({ hasText: 'no ar · ' })).first().waitFor()
    await page.getByTestId(portal === 'admin' ? 'operator-activity' : 'recent-activity').waitFor()
    await expect.poll(() => page.getByTestId('chart-marks').locator('li').count(), { timeout: 40_000 }).toBeGreaterThanOrEqual(2)
    await page.getByTestId('chart-view').selectOption('usage')
    await chart.getByTestId('chart-memory').waitFor()
    // A pause holds what comes: what was asked for before is still shown.
    await Promise.all([page.waitForResponse(answer => /\/metrics\?.*from=/.test(answer.url())), page.getByTestId('chart-range').selectOption('m5')])
    await page.getByTestId('chart-pause').click()
    const held = await pointsOf(page)
    const measured = await page.getByTestId('metric-time').textContent()
    await expect.poll(() => page.getByTestId('metric-time').textContent(), { timeout: 20_000 }).not.toBe(measured)
    expect(await pointsOf(page)).toBe(held)
    await page.getByTestId('plot').focus()
    await page.keyboard.press('Home')
    await expect.poll(said).toContain('CPU')
    await page.keyboard.press('Space')
    const pointed = await said()
    await expect.poll(() => pointsOf(page), { timeout: 20_000 }).toBeGreaterThan(held)
    // Said once, whatever else comes; and no more when the reader has gone on.
    expect(await said()).toBe(pointed)
    await page.keyboard.press('Tab')
    await expect.poll(said).toBe('')
    await page.getByTestId('plot').focus()
    await page.keyboard.press('+')
    await page.getByTestId('chart-all').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByTestId('chart-all').waitFor({ state: 'detached' })
    // The pointer says what stands under it, and cuts out a part.
    const { x, y, width, height } = await page.getByTestId('plot').locator('.u-over').boundingBox() ?? { x: 0, y: 0, width: 0, height: 0 }
    await page.mouse.move(x + width * 0.9, y + height / 2)
    await expect.poll(said).toContain('CPU')
    await page.mouse.down()
    await page.mouse.move(x + width * 0.5, y + height / 2, { steps: 5 })
    await page.mouse.up()
    await page.locator('[data-testid=metrics-chart][data-range=zoom]').waitFor()
    await page.mouse.dblclick(x + width * 0.7, y + height / 2)
    await page.getByTestId('chart-all').waitFor({ state: 'detached' })
    await page.mouse.move(0, 0)
    await page.getByTestId('chart-table').click()
    await page.getByTestId('sample-table').locator('tbody tr').first().waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('chart-csv').click()])
    expect((await readFile(await download.path(), 'utf8')).split('\r\n')[0]).toBe('time,cpu,memory,disk,networkIn,networkOut,activeInstances,uptime')
    expect(await seriousFindings(page)).toEqual([])
    expect(errors).toEqual([])
    await context.close()
  }, 120_000)
})
