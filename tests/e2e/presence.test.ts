/** Presence in real browsers against the real processes: two browsers, two devices of one user, two tenants. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until, type DemoFile } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser, Page } from 'playwright-core'
import { startProcesses, type Processes } from '../column.ts'
import { chromiumPath, isRequired, launch, openPage, seriousFindings, type Watched } from './browser.ts'

describe.skipIf(!chromiumPath && !isRequired)(`who is here${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let platform: Processes
  let browsers: Browser[]
  let demo: DemoFile
  let manager: Watched
  let laptop: Watched
  let phone: Watched
  let foreigner: Watched

  const account = (email: string): DemoFile['users'][number] => {
    const user = demo.users.find(one => one.email === email)
    if (!user) throw new Error(`no demo user ${email}`)
    return user
  }
  const enter = async (browser: Browser | undefined, email: string, width?: number): Promise<Watched> => {
    if (!browser) throw new Error('no browser')
    const watched = await openPage(browser, platform.url, width === undefined ? {} : { width })
    await signIn(watched.page, `${platform.url}/tenant/`, account(email))
    await watched.page.getByTestId('user-presence').waitFor()
    return watched
  }

  beforeAll(async () => {
    platform = await startProcesses()
    ;({ demo } = platform)
    browsers = await Promise.all([launch(), launch()])
  }, 600_000)
  afterAll(async () => {
    await Promise.all((browsers ?? []).map(browser => browser.close()))
    await platform?.stop()
  })

  it('shows somebody who comes in another browser, and says so', async () => {
    manager = await enter(browsers[0], 'manager@acme.example')
    await rows(manager.page).first().filter({ hasText: '(você)' }).waitFor()
    foreigner = await enter(browsers[0], 'owner@globex.example')
    // Watched from before on: a notice stays for some seconds only.
    const notice = told(manager.page, 'Member entrou').waitFor({ timeout: 60_000 })
    laptop = await enter(browsers[1], 'member@acme.example')
    await others(manager.page, 'online').waitFor({ timeout: 15_000 })
    await notice
    expect(await rows(manager.page).count()).toBe(2)
  }, 120_000)

  it('shows one person for two devices, who stays when one of them is closed', async () => {
    phone = await enter(browsers[1], 'member@acme.example', 360)
    const second = await laptop.context.newPage()
    await second.goto(`${platform.url}/tenant/instances`)
    await others(manager.page, 'online').filter({ hasText: 'Instâncias' }).waitFor({ timeout: 15_000 })
    expect(await rows(manager.page).count()).toBe(2)
    await second.close()
    await phone.context.close()
    // Longer than the grace after which a leave would be told.
    const until20 = Date.now() + 20_000
    await until(async () => {
      expect(await others(manager.page, 'online').count()).toBe(1)
      return Date.now() > until20
    }, { timeoutMs: 60_000 })
  }, 120_000)

  it('shows who looks at the same deployment', async () => {
    const link = laptop.page.locator('a[href*="/tenant/deployments/"]').first()
    const href = await link.getAttribute('href')
    await laptop.page.goto(`${platform.url}${href ?? ''}`)
    const tab = await manager.context.newPage()
    await tab.goto(`${platform.url}${href ?? ''}`)
    await tab.getByTestId('presence-faces').getByText('Também estão vendo').waitFor({ state: 'attached', timeout: 20_000 })
    expect(await seriousFindings(tab)).toEqual([])
    await tab.close()
  }, 90_000)

  it('shows busy with its reason on every device, and hides when somebody was seen last', async () => {
    await laptop.page.goto(`${platform.url}/tenant/settings`)
    await laptop.page.getByTestId('busy-text').fill('Em reunião')
    await laptop.page.getByTestId('set-busy').click()
    await others(manager.page, 'busy').filter({ hasText: 'Em reunião' }).waitFor({ timeout: 15_000 })
    await laptop.page.getByTestId('hide-last-seen').check()
    await laptop.page.getByTestId('end-busy').click()
    await others(manager.page, 'online').waitFor({ timeout: 15_000 })
  }, 60_000)

  it('says nothing of who comes once that is turned off', async () => {
    const tab = await manager.context.newPage()
    await tab.goto(`${platform.url}/tenant/settings`)
    await tab.getByTestId('notice-presence').uncheck()
    await tab.getByTestId('notice-billing').waitFor()
    await tab.goto(`${platform.url}/tenant/`)
    await rows(tab).first().waitFor()
    // Whoever did not turn it off is told by the same batch: then it would be here too.
    const toldElsewhere = told(laptop.page, 'Owner entrou').waitFor({ timeout: 60_000 })
    const notices: string[] = []
    for (const page of [tab, manager.page]) told(page, 'Owner entrou').waitFor({ timeout: 60_000 }).then(() => { notices.push(page.url()) }, () => undefined)
    const owner = await enter(browsers[1], 'owner@acme.example')
    await others(tab, 'online').filter({ hasText: 'Owner' }).waitFor({ timeout: 15_000 })
    await others(manager.page, 'online').filter({ hasText: 'Owner' }).waitFor({ timeout: 15_000 })
    await toldElsewhere
    expect(notices).toEqual([])
    await tab.close()
    await owner.context.close()
  }, 90_000)

  it('shows somebody who closed the last tab as offline, and nothing of it to another tenant', async () => {
    await laptop.page.close({ runBeforeUnload: false })
    await others(manager.page, 'offline').filter({ hasText: 'Member' }).waitFor({ timeout: 40_000 })
    expect(await rows(foreigner.page).count()).toBe(1)
    expect(await foreigner.page.getByTestId('user-presence').innerText()).not.toContain('Em reunião')
    expect([...manager.errors, ...laptop.errors, ...foreigner.errors]).toEqual([])
    expect([...manager.foreign, ...foreigner.foreign]).toEqual([])
  }, 90_000)
})

const rows = (page: Page): ReturnType<Page['locator']> => page.getByTestId('presence-user')

/** A notice on the page, which is not the list of what was done lately. */
const told = (page: Page, words: string): ReturnType<Page['locator']> => page.locator('[data-slot=title]').filter({ hasText: words })

/** Others than the reader with a status. */
const others = (page: Page, status: string): ReturnType<Page['locator']> => page.locator(`[data-testid=presence-user][data-status=${status}]`).filter({ hasNotText: '(você)' })
