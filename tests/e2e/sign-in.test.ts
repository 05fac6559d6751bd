/** Signing in for the first time, with a one-time password, and the ways in through identity providers, in a real browser. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort, type DemoFile } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser } from 'playwright-core'
import { startProcesses, type Processes } from '../column.ts'
import { chromiumPath, isRequired, launch, openPage, seriousFindings } from './browser.ts'

const provider = { id: 'corp', name: 'Corp', issuer: 'https://id.corp.example', tenantId: 'acme', clientId: 'neo' }

describe.skipIf(!chromiumPath && !isRequired)(`signing in${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let platform: Processes
  let browser: Browser
  let demo: DemoFile
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'providers-'))
    await writeFile(path.join(folder, 'providers.json'), JSON.stringify([provider]), { mode: 0o600 })
    // The address that browsers use is part of the configuration.
    const port = await findFreePort()
    platform = await startProcesses({ PORT: String(port), NEO_IDENTITY_PROVIDERS: path.join(folder, 'providers.json'), NEO_PUBLIC_URL: `http://127.0.0.1:${port}` })
    demo = platform.demo
    browser = await launch()
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    await platform?.stop()
    await rm(folder, { recursive: true })
  })

  async function call(pathname: string, body: object, bearer?: string): Promise<Record<string, unknown>> {
    const answer = await fetch(platform.url + pathname, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'origin': platform.url, ...bearer !== undefined && { authorization: `Bearer ${bearer}` } } })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${pathname}: ${answer.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }

  it('by a one-time password asks for one of the person\'s own, and leads in with it', async () => {
    const owner = demo.users.find(({ email }) => email === 'owner@acme.example')
    const { accessToken } = await call('/v1/session', { email: owner?.email, password: owner?.password })
    const email = 'nova@acme.example'
    const { password } = await call('/v1/tenants/acme/users', { email, name: 'Nova', roles: ['member'] }, String(accessToken))
    const { page, context, errors } = await openPage(browser, platform.url)
    await signIn(page, `${platform.url}/tenant/deployments`, { email, password: String(password) })
    const form = page.getByTestId('new-password')
    await form.waitFor()
    expect(await seriousFindings(page)).toEqual([])

    // Nothing else can be reached: neither by an address nor by starting anew.
    await page.goto(`${platform.url}/tenant/history`)
    await form.waitFor()
    await page.getByLabel('Senha que você recebeu').fill(String(password))
    await page.getByLabel('Nova senha', { exact: true }).fill('curta')
    await page.getByLabel('Repita a nova senha').fill('curta')
    await page.getByRole('button', { name: 'Salvar e continuar' }).click()
    expect(await page.getByTestId('new-password-error').textContent()).toContain('12')
    const own = 'uma frase minha e longa'
    await page.getByLabel('Nova senha', { exact: true }).fill(own)
    await page.getByLabel('Repita a nova senha').fill('outra frase minha e longa')
    await page.getByRole('button', { name: 'Salvar e continuar' }).click()
    expect(await page.getByTestId('new-password-error').textContent()).toContain('diferentes')
    await page.getByLabel('Repita a nova senha').fill(own)
    await page.getByRole('button', { name: 'Salvar e continuar' }).click()
    await page.getByTestId('user-menu').waitFor()
    expect(new URL(page.url()).pathname).toBe('/tenant/history')
    expect(errors).toEqual([])
    await context.close()
    expect(await call('/v1/session', { email, password: own })).toHaveProperty('accessToken')
    await expect(call('/v1/session', { email, password })).rejects.toThrow('invalid_credentials')
  })

  it('offers the identity providers of the installation to tenants, and none to operators', async () => {
    const { page, context } = await openPage(browser, platform.url)
    await page.goto(`${platform.url}/tenant/sign-in`)
    const button = page.getByRole('link', { name: 'Entrar com Corp' })
    await button.waitFor()
    expect(await button.getAttribute('href')).toBe('/v1/session/providers/corp/start?portal=tenant')
    expect(await seriousFindings(page)).toEqual([])
    await page.goto(`${platform.url}/admin/sign-in`)
    await page.getByLabel('E-mail').waitFor()
    await page.waitForLoadState('networkidle')
    expect(await page.getByTestId('sign-in-providers').count()).toBe(0)
    await context.close()
  })
})
