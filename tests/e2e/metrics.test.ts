/** The metrics page in a real browser: ranges, pause, keys, table, file; and an alert leads to its part of the chart. */

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired, seriousFindings } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

/** Points that the chart shows. */
const pointsOf = (page: Page): Promise<number> => page.getByTestId('metrics-chart').getAttribute('data-points').then(Number)

describe.skipIf(!chromiumPath && !isRequired)(`metrics${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let stage: Stage
  beforeAll(async () => { stage = await openStage() }, 600_000)
  afterAll(() => stage?.close())

  it.each([['operator@neo.example', 'admin'], ['manager@acme.example', 'tenant']] as const)('of %s: live, held, by key, as a table and as a file', async (email, portal) => {
    const { page, context, errors } = await stage.enter(email, { portal })
    await page.goto(`${stage.platform.url}/${portal}/metrics`)
    const chart = page.getByTestId('metrics-chart')
    await page.getByTestId('metric-cpu').getByText('%').first().waitFor({ timeout: 30_000 })
    await expect.poll(() => pointsOf(page), { timeout: 30_000 }).toBeGreaterThan(3)
    await page.getByTestId('plot').locator('canvas').waitFor()
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
    const said = (): Promise<string | null> => chart.locator('[role=status]').textContent()
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
    await page.getByTestId('chart-table').click()
    await page.getByTestId('sample-table').locator('tbody tr').first().waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('chart-csv').click()])
    expect((await readFile(await download.path(), 'utf8')).split('\r\n')[0]).toBe('time,cpu,memory,disk,networkIn,networkOut,activeInstances,uptime')
    expect(await seriousFindings(page)).toEqual([])
    expect(errors).toEqual([])
    await context.close()
  }, 120_000)
})
