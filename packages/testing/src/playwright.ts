/**
 * Fixtures for browsers: the platform as a process with its portals, and pages of people who are signed in. They have the form that
 * playwright's `test.extend` and vitest's `test.extend` share.
 *
 * @example
 * const test = base.extend(portalFixtures({ main: 'services/platform/src/main.ts', executablePath: '/usr/bin/chromium' }))
 * test('a member sees deployments', async ({ enter }) => {
 *   const page = await enter('member@acme.example')
 *   await page.getByRole('heading').first().waitFor()
 * })
 */

import { chromium, type Browser, type Page } from 'playwright-core'
import { readEnvironment } from './config.ts'
import { startPlatform, type PlatformProcess, type PlatformProcessOptions } from './process.ts'
import { COLD_MS, signIn } from './sign-in.ts'

export { signIn }

/** What browsers and the platform are started with. */
export interface PortalFixtureOptions extends Pick<PlatformProcessOptions, 'main' | 'env' | 'readyTimeoutMs'> {
  /** Chromium's path. @default the one that playwright installed */
  executablePath?: string
  /** Runs already: `main` is not started then. */
  running?: Pick<PlatformProcess, 'url' | 'demo'>
}

/** How a page is opened. */
export interface EntranceOptions {
  /** @default 'tenant' */
  portal?: 'tenant' | 'admin' | 'certification'
  /** @default 'light' */
  colorScheme?: 'light' | 'dark'
  /** Pixels. @default 1440 */
  width?: number
}

/** What a test is given. */
export interface PortalFixtures {
  /** The platform, its portals built and served. */
  portals: Pick<PlatformProcess, 'url' | 'demo'>
  /** Started once it is asked for. */
  browser: Browser
  /** A page of its own browser context, with somebody of the demonstration signed in. */
  enter: (email: string, options?: EntranceOptions) => Promise<Page>
}

type Use<Value> = (value: Value) => Promise<void>

/** A fixture of each kind. */
export interface PortalFixtureFunctions {
  portals: (given: object, use: Use<PortalFixtures['portals']>) => Promise<void>
  browser: (given: object, use: Use<Browser>) => Promise<void>
  enter: (given: Pick<PortalFixtures, 'portals' | 'browser'>, use: Use<PortalFixtures['enter']>) => Promise<void>
}

/** Portals are built by the first start on a machine, one after the other. */
const READY_MS = 480_000

/** Makes the fixtures. */
export function portalFixtures({ main, env = {}, readyTimeoutMs = READY_MS, executablePath, running }: PortalFixtureOptions): PortalFixtureFunctions {
  // Both runners read what a fixture needs from how its first parameter is taken apart.
  return {
     
    portals: async ({}, use) => {
      if (running) return await use(running)
      await using platform = await startPlatform({ main, env: { NEO_PORTALS: 'auto', PATH: readEnvironment().path, ...env }, readyTimeoutMs })
      await use(platform)
    },
     
    browser: async ({}, use) => {
      const browser = await chromium.launch({ ...executablePath !== undefined && { executablePath }, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })
      await use(browser)
      await browser.close()
    },
    enter: async ({ portals, browser }, use) => {
      const { users } = await portals.demo()
      await use(async (email, { portal = 'tenant', colorScheme = 'light', width = 1440 } = {}) => {
        const context = await browser.newContext({ locale: 'pt-BR', timezoneId: 'America/Sao_Paulo', colorScheme, viewport: { width, height: 900 } })
        const page = await context.newPage()
        await signIn(page, `${portals.url}/${portal}/`, { email, password: users.find(user => user.email === email)?.password ?? '' })
        await page.getByTestId('user-menu').waitFor({ timeout: COLD_MS })
        return page
      })
    },
  }
}
