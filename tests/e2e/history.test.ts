/** The history page in a real browser against the real processes: searched, live, endless, and an event by its address. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until, type DemoFile } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser } from 'playwright-core'
import { startProcesses, type Processes } from '../column.ts'
import { chromiumPath, isRequired, launch, openPage, seriousFindings, type Watched } from './browser.ts'

describe.skipIf(!chromiumPath && !isRequired)(`the history page${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let platform: Processes
  let browser: Browser
  let demo: DemoFile
  let watched: Watched

  const publish = async (messages: readonly string[]): Promise<void> => {
    const answer = await fetch(`${platform.url}/v1/events/batch`, {
      method: 'POST', headers: { 'authorization': `Bearer ${demo.apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events: messages.map(message => ({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message } })) }),
    })
    expect(answer.status).toBe(201)
  }

  beforeAll(async () => {
    platform = await startProcesses()
    ;({ demo } = platform)
    browser = await launch()
    await publish(Array.from({ length: 200 }, (_, index) => `O disco do servidor ${index + 1} está cheio`))
    watched = await openPage(browser, platform.url)
    await signIn(watched.page, `${platform.url}/tenant/`, demo.users.find(({ email }) => email === 'viewer@acme.example') ?? { email: '', password: '' })
    await watched.page.getByRole('link', { name: 'Histórico' }).click()
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await platform?.stop()
  })

  it('shows the newest first, follows what comes, and breaks no rule of accessibility', async () => {
    const rows = watched.page.getByTestId('history-event')
    // The sign-in came after it: it stands in the activity, above.
    await rows.filter({ hasText: 'servidor 200' }).first().waitFor()
    await watched.page.getByTestId('history-live').waitFor()
    await publish(['Acabou de chegar <img src=x onerror=alert(1)>'])
    await rows.first().filter({ hasText: 'Acabou de chegar <img src=x' }).waitFor()
    expect(await seriousFindings(watched.page)).toEqual([])
  })

  it('goes on to the beginning of history', async () => {
    const list = watched.page.getByTestId('history-list')
    await until(async () => {
      await list.evaluate((element: { scrollTop: number, scrollHeight: number }) => { element.scrollTop = element.scrollHeight })
      return watched.page.getByText('Início do histórico').isVisible()
    }, { timeoutMs: 30_000 })
    expect(await watched.page.getByTestId('history-event').last().innerText()).not.toContain('servidor 200')
  })

  it('marks what a search found, keeps it in the address and shows what was around', async () => {
    await watched.page.getByTestId('history-search').fill('"servidor 100" disco')
    await watched.page.keyboard.press('Enter')
    await until(async () => await watched.page.getByTestId('history-event').count() === 1)
    expect(await watched.page.locator('mark').allInnerTexts()).toEqual(['disco', 'servidor 100'])
    expect(watched.page.url()).toContain('q=')
    await watched.page.getByTestId('history-open').click()
    await watched.page.getByTestId('history-context').filter({ hasText: 'servidor 101' }).waitFor()
    expect(await seriousFindings(watched.page)).toEqual([])
  })

  it('shows one type only, jumps to a date, and comes back to the newest', async () => {
    const { page } = watched
    const rows = page.getByTestId('history-event')
    await page.getByTestId('history-search').fill('')
    await page.keyboard.press('Enter')
    await until(async () => await rows.count() > 5, { timeoutMs: 30_000 })
    await page.getByTestId('history-type').selectOption('deployment_cancelled')
    await page.getByTestId('history-empty').waitFor()
    await page.getByTestId('history-type').selectOption('alert')
    await rows.filter({ hasText: 'Acabou de chegar' }).first().waitFor()
    await page.getByTestId('history-jump').fill('2020-01-01')
    await page.getByTestId('history-empty').waitFor()
    const today = await page.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10))
    await page.getByTestId('history-jump').fill(today)
    await rows.filter({ hasText: 'Acabou de chegar' }).first().waitFor()
    await page.getByTestId('history-top').click()
    await page.getByTestId('history-live').waitFor()
    expect(page.url()).not.toContain('q=')
  })

  it('opens an event by its address', async () => {
    await watched.page.goto(`${platform.url}/tenant/history?channel=tenant:acme:alerts&seq=7`)
    await watched.page.getByTestId('history-linked').filter({ hasText: '#7' }).waitFor()
    expect(watched.errors).toEqual([])
    expect(watched.foreign).toEqual([])
  })
}, 120_000)
