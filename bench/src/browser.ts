/** A real browser that says when a text of ours was on the screen. */

import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Shown } from './paints.ts'

/** Path of a chromium on this machine, or `undefined`. */
export const chromiumPath: string | undefined = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path => existsSync(path))

/** Starts chromium without its background traffic. @throws {TypeError} where there is none */
export async function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new TypeError('needs chromium')
  return await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run', '--disable-background-networking'] })
}

/** Notes from now on each new text `deployment/number` with the wall-clock time of the frame that showed it. */
export async function watchPaints(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shown: Shown[] = []
    const last = new Map<string, number>()
    Object.assign(globalThis, { benchShown: shown })
    const note = (): void => {
      // Only what shows a step is read, and not `innerText`: that would lay the page out once more in each frame.
      const shownSteps = [...document.querySelectorAll('[data-testid="deployment-step"]')].map(element => element.textContent).join(' ')
      const fresh = [...shownSteps.matchAll(/bench:([\w-]+)\/(\d+)/g)].map(([, deployment = '', n]) => ({ deployment, n: Number(n) })).filter(({ deployment, n }) => (last.get(deployment) ?? -1) < n)
      for (const { deployment, n } of fresh) last.set(deployment, n)
      // A message posted inside an animation frame arrives after that frame was painted.
      const painted = new MessageChannel()
      painted.port1.onmessage = () => { for (const one of fresh) shown.push({ ...one, at: performance.timeOrigin + performance.now() }) }
      if (fresh.length > 0) painted.port2.postMessage(0)
    }
    let isAsked = false
    new MutationObserver(() => {
      if (isAsked) return
      isAsked = true
      requestAnimationFrame(() => {
        isAsked = false
        note()
      })
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
}

/** What was shown so far. */
export async function readPaints(page: Page): Promise<Shown[]> {
  return await page.evaluate(() => (globalThis as unknown as { benchShown: Shown[] }).benchShown)
}
