/** Chromium for end-to-end tests: found on the machine, started once, pages that know their portal. */

import { existsSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

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

/** Opens a page that watches its requests and errors. */
export async function openPage(browser: Browser, origin: string, options: { colorScheme?: 'light' | 'dark', width?: number } = {}): Promise<Watched> {
  const context = await browser.newContext({
    locale: 'pt-BR', timezoneId: 'America/Sao_Paulo', colorScheme: options.colorScheme ?? 'light', viewport: { width: options.width ?? 1440, height: 900 },
  })
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

/** Findings of axe that are serious or critical, as sentences. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.waitForFunction(isStill)
  // In the page itself, and without a list of all that is in order: the same findings in a third of the time. No page has a foreign frame.
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode().analyze()
  return violations.filter(one => one.impact === 'serious' || one.impact === 'critical')
    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')} – ${node.failureSummary ?? ''}`))
}
