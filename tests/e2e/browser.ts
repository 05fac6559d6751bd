/** Chromium for end-to-end tests: found on the machine, started once, pages that know their portal. */

import { existsSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page, type Request } from 'playwright-core'

// The shell has no window to draw: the same browser for a third less of the processor.
const candidates = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Path of a chromium on this machine, or `undefined`. */
export const chromiumPath = candidates.find(path => existsSync(path))

/** Whether a missing component is a failure (in CI) or a skip (on a laptop). */
export const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'

/** Starts chromium without its background traffic. */
export function launch(): Promise<Browser> {
  if (!chromiumPath) throw new Error('needs chromium')
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** What a page asked for and complained about. */
export interface Watched {
  context: BrowserContext
  page: Page
  /** Requests that left the platform's own origin. */
  foreign: string[]
  /** Uncaught errors. */
  errors: string[]
  /** What the console shows as errors, refused requests among them. */
  complaints: string[]
}

/** How often a page is loaded at most, and how long a portal may take to come up, in milliseconds. */
const LOADS = 4
const MOUNTED_MS = 30_000

/** Whether the portal is there, not only its document. Runs in the page. */
function isMounted(): boolean {
  const { document } = globalThis as unknown as { document: { querySelector: (selector: string) => { childElementCount: number } | null } }
  return document.querySelector('#__nuxt')?.childElementCount !== 0
}

/** Containers that other tests start change the machine's interfaces, upon which chromium cuts what it loads: a person would load it again. */
function loadAgain(page: Page): void {
  const load = page.goto.bind(page)
  page.goto = async (...given) => {
    for (let loads = 1; ; loads++) {
      const cut = Promise.withResolvers<'cut'>()
      const note = (request: Request): void => { if (request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED') cut.resolve('cut') }
      page.on('requestfailed', note)
      const loaded = load(...given).then(async answer => {
        // What never comes up is for the test to find.
        await page.waitForFunction(isMounted, undefined, { timeout: MOUNTED_MS }).catch(() => undefined)
        return { answer }
      })
      try {
        const first = await (loads < LOADS ? Promise.race([loaded, cut.promise]) : loaded)
        if (first !== 'cut') return first.answer
        // The next load ends this one.
        loaded.catch(() => undefined)
      } catch (error) {
        // Playwright may tell of the failed load before it tells of the request.
        if (loads === LOADS || !String(error).includes('ERR_NETWORK_CHANGED')) throw error
      } finally {
        page.off('requestfailed', note)
      }
    }
  }
}

/** Opens a page that watches its requests and errors. */
export async function openPage(browser: Browser, origin: string, options: { colorScheme?: 'light' | 'dark', width?: number } = {}): Promise<Watched> {
  const context = await browser.newContext({
    locale: 'pt-BR', timezoneId: 'America/Sao_Paulo', colorScheme: options.colorScheme ?? 'light', viewport: { width: options.width ?? 1440, height: 900 },
  })
  context.on('page', loadAgain)
  const page = await context.newPage()
  const foreign: string[] = []
  const errors: string[] = []
  const complaints: string[] = []
  page.on('request', request => {
    const url = new URL(request.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(origin).host) foreign.push(request.url())
  })
  page.on('pageerror', error => { errors.push(error.message) })
  // Containers that other tests start change the machine's interfaces: what chromium then asks again is no complaint about the page.
  page.on('console', message => { if (message.type() === 'error' && !message.text().includes('ERR_NETWORK_CHANGED')) complaints.push(message.text()) })
  return { context, page, foreign, errors, complaints }
}

/** While something fades in, its colours are not yet the ones it has; what turns for ever is left out. Runs in the page. */
function isStill(): boolean {
  const { document } = globalThis as unknown as { document: { getAnimations: () => { playState: string, effect: { getComputedTiming: () => { endTime: number } } | null }[] } }
  return document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Infinity)
}

/** How long a page may take to come up once it is visited, in milliseconds. */
const VISITED_MS = 30_000

/** Runs in the page: see {@link visit}. */
async function follow({ to, withinMs }: { to: string, withinMs: number }): Promise<void> {
  const { useNuxtApp } = globalThis as unknown as { useNuxtApp: () => {
    hooks: { hook: (name: 'page:finish', call: () => void) => () => void }
    $router: { push: (to: string) => Promise<unknown>, resolve: (to: string) => { fullPath: string }, currentRoute: { value: { fullPath: string } } }
  } }
  const { hooks, $router } = useNuxtApp()
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  // The page that is left may finish late.
  const unhook = hooks.hook('page:finish', () => { if ($router.currentRoute.value.fullPath === $router.resolve(to).fullPath) resolve(undefined) })
  const late = setTimeout(() => { reject(new Error(`${to} did not come up within ${withinMs} ms`)) }, withinMs)
  try {
    // Whoever is there already goes nowhere.
    if (await $router.push(to)) return
    await promise
  } finally {
    clearTimeout(late)
    unhook()
  }
}

/**
 * Goes to another page of the portal that is open, as a click on a link does: nothing is loaded anew, which takes most of the time of a visit.
 * @throws {Error} with the page's name when it does not come up
 */
export async function visit(page: Page, to: string): Promise<void> {
  await page.evaluate(follow, { to, withinMs: VISITED_MS })
}

/**
 * Findings of axe that are serious or critical, as sentences.
 * @param within selectors of the parts that are looked at. @default the whole page
 */
export async function seriousFindings(page: Page, within: readonly string[] = []): Promise<string[]> {
  await page.waitForFunction(isStill)
  // In the page itself, and without a list of all that is in order: the same findings in a third of the time. No page has a foreign frame.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode()
  for (const part of within) axe.include(part)
  const { violations } = await axe.analyze()
  return violations.filter(one => one.impact === 'serious' || one.impact === 'critical')
    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')} – ${node.failureSummary ?? ''}`))
}
