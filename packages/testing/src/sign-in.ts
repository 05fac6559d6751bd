/** The form of a portal. */

import type { Page, Request } from 'playwright-core'
import { until } from './until.ts'

/** How long the first page of a process may take, in milliseconds: it comes cold. */
export const COLD_MS = 60_000

/** How often a page is loaded. */
const LOADS = 3

/** Signs in through the form of a portal; what comes then, a page or a refusal, is the caller's to wait for. */
export async function signIn(page: Page, portalUrl: string, { email, password }: { email: string, password: string }): Promise<void> {
  await openForm(page, portalUrl)
  await page.getByLabel('E-mail').fill(email, { timeout: COLD_MS })
  await page.getByLabel('Senha', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Entrar' }).click()
}

/** Containers that start meanwhile change the machine's interfaces, upon which chromium cuts what it loads: a person would load it again. */
async function openForm(page: Page, portalUrl: string): Promise<void> {
  let isCut = false
  const note = (request: Request): void => { isCut ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED' }
  page.on('requestfailed', note)
  try {
    for (let loads = 1; loads <= LOADS; loads++) {
      isCut = false
      await page.goto(portalUrl).catch((error: unknown) => { if (!isCut) throw error })
      await until(async () => isCut || await page.getByLabel('E-mail').isVisible(), { timeoutMs: COLD_MS, everyMs: 50, what: 'the form' })
      if (!isCut) return
    }
  } finally {
    page.off('requestfailed', note)
  }
}
