/**
 * Every page of a portal in each of its states, by the very stage that the page of stories uses; with NEO_PICTURES=1 the guide's pictures
 * are made. Each portal is a file of its own, `stories-….test.ts`, so that they run beside each other.
 */

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { setStage, storyStates, type StoryState } from '@neo-stack/portal-base/stories'
import { chromiumPath, isRequired, seriousFindings, visit } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

const pictures = path.join(import.meta.dirname, '../../docs/guide/images/pages')
const wantsPictures = process.env['NEO_PICTURES'] === '1'

const portals = {
  tenant: { email: 'owner@acme.example', pages: { dashboard: '/', deployments: '/deployments', deployment: '/deployments/none', instances: '/instances', alerts: '/alerts', metrics: '/metrics', billing: '/billing', invoice: '/billing/none', inbox: '/inbox', history: '/history', team: '/team', settings: '/settings' } },
  certification: { email: 'proctor@acme.example', pages: { exams: '/', exam: '/sessions/none', catalog: '/exams', writing: '/exams/new', history: '/history', settings: '/settings' } },
  admin: { email: 'operator@neo.example', pages: { overview: '/', tenants: '/tenants', tenant: '/tenants/none', instances: '/instances', deployments: '/deployments', alerts: '/alerts', metrics: '/metrics', explorer: '/explorer', connections: '/connections', people: '/people', audit: '/audit', announcements: '/announcements', history: '/history', settings: '/settings' } },
} as const
type PortalName = keyof typeof portals

/** What is there instead of what is not. */
const there: Readonly<Record<string, string>> = { '/tenants/none': '/tenants/acme', '/billing/none': '/billing/demo-invoice-1' }

const tooWide = 'document.documentElement.scrollWidth > window.innerWidth'

/** What shows that a page has come to its state. A page that asks for nothing of its own has no other state than the usual one. */
const signs: Record<StoryState, string> = {
  empty: 'main h1, [data-testid=tenant-missing], [data-testid=deployment-missing], [data-testid=invoice-missing], [data-testid=session-missing]', loading: 'main .animate-pulse, main [aria-busy=true]', error: '[data-testid=feed-notice]', denied: '[data-testid=feed-notice]', stale: '[data-testid=offline-banner]',
}

/** The tests of one portal. */
export function describeStories(portal: PortalName): void {
  describe.skipIf(!chromiumPath && !isRequired)(`pages of the ${portal} portal in every state${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
    let stage: Stage

    const picture = async (page: Page, name: string): Promise<void> => {
      if (!wantsPictures) return
      await mkdir(pictures, { recursive: true })
      await page.screenshot({ path: path.join(pictures, `${name}.jpg`), type: 'jpeg', quality: 72, animations: 'disabled' })
    }

    beforeAll(async () => { stage = await openStage() }, 600_000)
    afterAll(() => stage?.close())

    it.each(storyStates)('says so on every page, and axe has nothing against it: %s', async state => {
      const { page, context, errors } = await stage.enter(portals[portal].email, { portal, colorScheme: state === 'denied' || state === 'loading' ? 'dark' : 'light' })
      await page.addInitScript(setStage, state)
      for (const [index, [name, to]] of Object.entries(portals[portal].pages).entries()) {
        // What breaks after all was there has to be there first.
        await (index === 0 || state === 'stale' ? page.goto(`${stage.platform.url}/${portal}${to}`) : visit(page, to))
        await page.getByTestId('user-menu').waitFor()
        if (state === 'stale') {
          for (const sign of ['[data-testid=connection-status][data-state=connected]', 'main h1, [data-testid$=-missing]']) await page.locator(sign).first().waitFor()
          await page.locator('main .animate-pulse').first().waitFor({ state: 'detached' })
          await page.evaluate('dispatchEvent(new Event("story:cut"))')
        }
        await page.locator(signs[state]).first().waitFor({ timeout: 15_000 }).catch((cause: unknown) => { throw new Error(`${name} does not show that it is ${state}`, { cause }) })
        if (state !== 'loading') await page.locator('main .animate-pulse').first().waitFor({ state: 'detached', timeout: 10_000 }).catch((cause: unknown) => { throw new Error(`${name} waits for ever when ${state}`, { cause }) })
        // What stands around pages is the same on each of them.
        expect({ name, findings: await seriousFindings(page, index === 0 ? [] : ['main', ...state === 'stale' ? [signs.stale] : []]) }).toEqual({ name, findings: [] })
        await picture(page, `${portal}-${name}-${state}`)
      }
      expect(errors).toEqual([])
      await context.close()
    }, portal === 'admin' ? 480_000 : 240_000)

    it('has no accessibility finding and nothing too wide on any page as people see it: light and 1440 px, dark and 360 px', async () => {
      for (const [colorScheme, width] of [['light', 1440], ['dark', 360]] as const) {
        const { page, context, errors, foreign } = await stage.enter(portals[portal].email, { portal, colorScheme, width })
        for (const [name, to] of Object.entries(portals[portal].pages)) {
          const seen = there[to] ?? to
          if (seen.endsWith('/none')) continue
          await visit(page, seen)
          await page.locator('main h1').first().waitFor()
          await page.locator('main .animate-pulse').first().waitFor({ state: 'detached' })
          expect({ name, findings: await seriousFindings(page) }).toEqual({ name, findings: [] })
          expect({ name, tooWide: await page.evaluate(tooWide) }).toEqual({ name, tooWide: false })
          await picture(page, `${portal}-${name}-${colorScheme}-${width}`)
        }
        expect({ errors, foreign }).toEqual({ errors: [], foreign: [] })
        await context.close()
      }
    }, portal === 'admin' ? 480_000 : 240_000)

    it('has no page of stories once it is built', async () => {
      const { page, context } = await stage.enter(portals[portal].email, { portal })
      await page.goto(`${stage.platform.url}/${portal}/stories`)
      await page.locator('[data-testid=error-page][data-kind=notFound]').waitFor()
      await context.close()
    }, 60_000)
  })
}
