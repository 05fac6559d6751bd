/** The story of the first live deployment, in a real browser against the real process, or the real parts behind their gateway. */

import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until, type DemoFile, type Proxy } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser, Page } from 'playwright-core'
import { serveColumn, type Served } from '../column.ts'
import { chromiumPath, isRequired, launch, openPage, seriousFindings, type Watched } from './browser.ts'

const pictures = path.join(import.meta.dirname, '../artifacts')

describe.skipIf(!chromiumPath && !isRequired)(`the first live deployment${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let platform: Served
  let browser: Browser
  let proxy: Proxy
  let demo: DemoFile
  let member: Watched
  let foreigner: Watched

  const account = (email: string): DemoFile['users'][number] => {
    const user = demo.users.find(one => one.email === email)
    if (!user) throw new Error(`no demo user ${email}`)
    return user
  }
  const key = (tenantId: string | null): string => demo.apiKeys.find(one => one.tenantId === tenantId)?.key ?? ''
  const api = async (route: string, init: RequestInit = {}): Promise<Response> => fetch(platform.url + route, {
    ...init, headers: { 'authorization': `Bearer ${key('acme')}`, 'content-type': 'application/json', ...init.headers },
  })

  beforeAll(async () => {
    platform = await serveColumn('auto')
    ;({ demo, proxy } = platform)
    browser = await launch()
  }, 600_000)

  afterAll(async () => {
    await browser?.close()
    await platform?.stop()
  })

  it('asks for an account, and says in a sentence when the password is wrong', async () => {
    const { page, context, complaints } = await openPage(browser, proxy.url)
    await page.goto(`${proxy.url}/tenant/`)
    await page.getByRole('button', { name: 'Entrar' }).waitFor()
    expect(complaints).toEqual([])
    await signIn(page, `${proxy.url}/tenant/`, { email: 'member@acme.example', password: 'wrong' })
    await page.getByText('E-mail ou senha', { exact: false }).first().waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await context.close()
  })

  it('lets a member deploy Odoo and watch it start', async () => {
    member = await openPage(browser, proxy.url)
    foreigner = await openPage(browser, proxy.url)
    await signIn(foreigner.page, `${proxy.url}/tenant/`, account('member@globex.example'))
    await signIn(member.page, `${proxy.url}/tenant/`, account('member@acme.example'))
    await deploy(member.page, 'ERP da diretoria')
    const card = cardOf(member.page, 'ERP da diretoria')
    await card.waitFor()
    await until(async () => (await progressOf(member.page, 'ERP da diretoria')) > 0, { timeoutMs: 30_000 })
    await member.page.screenshot({ path: path.join(pictures, 'deployment.png') })
    expect(await card.getByTestId('deployment-step').innerText()).not.toBe('')
    expect(await card.getByTestId('deployment-estimate').innerText()).toMatch(/\d/)
    expect(await card.getByTestId('deployment-next').getByRole('listitem').count()).toBeGreaterThan(0)
    await until(async () => (await logLines(member.page, 'ERP da diretoria')).length > 2, { timeoutMs: 30_000 })
  }, 90_000)

  it('misses nothing and repeats nothing when the connection is cut and comes back', async () => {
    const { deployments } = await (await api('/v1/tenants/acme/deployments')).json() as { deployments: { deploymentId: string, name?: string }[] }
    const deploymentId = deployments.find(one => one.name === 'ERP da diretoria')?.deploymentId ?? ''
    const read = async (): Promise<{ n: number, text: string }[]> => (await (await api(`/v1/tenants/acme/deployments/${deploymentId}/logs`)).json() as { lines: { n: number, text: string }[] }).lines
    const shown = (): Promise<string[]> => member.page.getByTestId('log-line').locator(':scope > span').allTextContents()
    await member.page.goto(`${proxy.url}/tenant/deployments/${deploymentId}`)
    await until(async () => (await shown()).length > 2, { timeoutMs: 30_000, what: 'lines on the page' })
    const before = (await read()).length
    proxy.refuse(true)
    expect(proxy.cut()).toBeGreaterThan(0)
    await member.page.getByTestId('connection-status').filter({ hasText: /Conectando|Sem conexão/i }).waitFor({ timeout: 20_000 })
    await until(async () => (await read()).length >= before + 5, { timeoutMs: 60_000, everyMs: 100, what: 'five lines that the page does not see' })
    proxy.refuse(false)
    // From here on nothing is loaded anew: what was missed comes by itself.
    await until(async () => (await (await api(`/v1/tenants/acme/deployments/${deploymentId}`)).json() as { deployment: { status: string } }).deployment.status === 'completed', { timeoutMs: 90_000, everyMs: 200, what: 'the end of the deployment' })
    const url = member.page.getByTestId('deployment-url')
    await url.waitFor({ timeout: 30_000 })
    expect(await url.getAttribute('href')).toMatch(/^https?:\/\//)
    const lines = await read()
    expect(lines.map(line => line.n)).toEqual(lines.map((_, index) => index + 1))
    await until(async () => (await shown()).at(-1) === lines.at(-1)?.text, { timeoutMs: 20_000, what: 'the last line on the page' })
    const texts = await shown()
    expect(texts).toEqual(lines.slice(-texts.length).map(line => line.text))
  }, 150_000)

  it('shows nothing of it to another tenant', async () => {
    const text = await foreigner.page.locator('body').innerText()
    expect(text).not.toContain('ERP da diretoria')
    const { deployments } = await (await api('/v1/tenants/acme/deployments')).json() as { deployments: { deploymentId: string }[] }
    await foreigner.page.goto(`${proxy.url}/tenant/deployments/${deployments[0]?.deploymentId ?? ''}`)
    await foreigner.page.getByText('Deployment não encontrado').waitFor()
  }, 60_000)

  it('shows an event published with curl and an API key at once', async () => {
    await member.page.goto(`${proxy.url}/tenant/`)
    await cardOf(member.page, 'ERP da diretoria').waitFor()
    const response = await api('/v1/events', {
      method: 'POST',
      body: JSON.stringify({
        channel: 'tenant:acme:deployments', type: 'deployment_progress',
        data: { deploymentId: 'de-fora', name: 'Vindo de fora', instanceType: 'wazuh', progress: 42, currentStep: 'Publicado com curl' },
      }),
    })
    expect(response.status).toBe(201)
    const card = cardOf(member.page, 'Vindo de fora')
    await card.waitFor({ timeout: 5000 })
    expect(await progressOf(member.page, 'Vindo de fora')).toBe(42)
    await card.getByText('Publicado com curl').first().waitFor()
  }, 60_000)

  it('says the reason when a deployment fails', async () => {
    const failed = await api('/v1/events', {
      method: 'POST',
      body: JSON.stringify({ channel: 'tenant:acme:deployments', type: 'deployment_error', data: { deploymentId: 'de-fora', error: 'O disco do host está cheio.' } }),
    })
    expect(failed.status).toBe(201)
    await cardOf(member.page, 'Vindo de fora').getByTestId('deployment-error').filter({ hasText: 'O disco do host está cheio.' }).waitFor()
  }, 30_000)

  it('gives a viewer no way to deploy', async () => {
    const { page, context } = await openPage(browser, proxy.url)
    await signIn(page, `${proxy.url}/tenant/`, account('viewer@acme.example'))
    await cardOf(page, 'ERP da diretoria').waitFor()
    expect(await page.getByRole('button', { name: /Novo deployment/i }).count()).toBe(0)
    await context.close()
  }, 60_000)

  it('moves the host\'s metrics each second for the operator', async () => {
    const { page, context, foreign } = await openPage(browser, proxy.url)
    await signIn(page, `${proxy.url}/admin/`, account('operator@neo.example'))
    for (const name of ['metric-cpu', 'metric-memory', 'metric-disk', 'metrics-chart']) await page.getByTestId(name).waitFor()
    const seen = new Set<string>()
    await until(async () => seen.add(await page.getByTestId('metric-time').innerText()).size >= 4, { timeoutMs: 30_000, everyMs: 200 })
    await page.screenshot({ path: path.join(pictures, 'admin.png') })
    expect(foreign).toEqual([])
    await context.close()
  }, 60_000)

  it.each(['light', 'dark'] as const)('has no serious accessibility finding in %s', async colorScheme => {
    const { page, context, foreign } = await openPage(browser, proxy.url, { colorScheme })
    await signIn(page, `${proxy.url}/tenant/`, account('member@acme.example'))
    await cardOf(page, 'ERP da diretoria').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.getByRole('button', { name: /Novo deployment/i }).first().click()
    await page.getByRole('dialog').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(foreign).toEqual([])
    await context.close()
    const operator = await openPage(browser, proxy.url, { colorScheme })
    await signIn(operator.page, `${proxy.url}/admin/`, account('operator@neo.example'))
    await operator.page.getByTestId('metric-cpu').waitFor()
    expect(await seriousFindings(operator.page)).toEqual([])
    await operator.context.close()
  }, 90_000)

  it('asked no foreign host and raised no error in all of it', () => {
    expect([...member.foreign, ...foreigner.foreign]).toEqual([])
    expect([...member.errors, ...foreigner.errors]).toEqual([])
  })
})

const cardOf = (page: Page, name: string): ReturnType<Page['locator']> => page.getByTestId('deployment-card').filter({ hasText: name }).first()

async function deploy(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /Novo deployment/i }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Odoo', { exact: true }).first().click()
  await dialog.getByLabel('Nome da instância').fill(name)
  await dialog.getByRole('button', { name: 'Iniciar deployment' }).click()
}

async function progressOf(page: Page, name: string): Promise<number> {
  return Number.parseFloat(await cardOf(page, name).getByTestId('deployment-progress').first().innerText())
}

/** Texts of the log lines that the page shows for a deployment. */
async function logLines(page: Page, name: string): Promise<string[]> {
  return cardOf(page, name).getByTestId('log-line').locator('span').allTextContents()
}
