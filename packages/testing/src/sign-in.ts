/** The form of a portal. */

import type { Page } from 'playwright-core'

/** How long the first page of a process may take, in milliseconds: it comes cold. */
export const COLD_MS = 60_000

/** Signs in through the form of a portal; what comes then, a page or a refusal, is the caller's to wait for. */
export async function signIn(page: Page, portalUrl: string, { email, password }: { email: string, password: string }): Promise<void> {
  await page.goto(portalUrl)
  await page.getByLabel('E-mail').fill(email, { timeout: COLD_MS })
  await page.getByLabel('Senha', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Entrar' }).click()
}
