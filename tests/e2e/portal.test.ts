/** The tenant portal as a product: every page in both themes and three languages, by keyboard alone, and what two tabs do to each other. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until, type DemoFile } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser, Page } from 'playwright-core'
import { serveColumn, type Served } from '../column.ts'
import { chromiumPath, isRequired, launch, openPage, seriousFindings, visit, type Watched } from './browser.ts'

const pages = { dashboard: '/', deployments: '/deployments', instances: '/instances', alerts: '/alerts', metrics: '/metrics', billing: '/billing', inbox: '/inbox', team: '/team', history: '/history', settings: '/settings' } as const

/** Layout shift of a page from its first frame on, without what the person caused. Runs in the page. */
function watchShifts(): void {
  const scope = globalThis as unknown as { shifted: number, PerformanceObserver: new (call: (list: { getEntries: () => { value: number, hadRecentInput: boolean }[] }) => void) => { observe: (options: object) => void } }
  scope.shifted = 0
  new scope.PerformanceObserver(list => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) scope.shifted += value
  }).observe({ type: 'layout-shift', buffered: true })
}
const readShifts = (): number => (globalThis as unknown as { shifted: number }).shifted

describe.skipIf(!chromiumPath && !isRequired)(`the tenant portal${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let platform: Served
  let browser: Browser
  let demo: DemoFile
  /** The address that people use. */
  let origin: string

  const account = (email: string): DemoFile['users'][number] => {
    const user = demo.users.find(one => one.email === email)
    if (!user) throw new Error(`no demo user ${email}`)
    return user
  }
  const enter = async (email: string, options: Parameters<typeof openPage>[2] = {}): Promise<Watched> => {
    const watched = await openPage(browser, origin, options)
    await signIn(watched.page, `${origin}/tenant/`, account(email))
    await watched.page.getByTestId('user-menu').waitFor()
    return watched
  }

  /** Something live of each kind that the pages of a tenant follow. */
  const publishAll = async (name: string): Promise<void> => {
    const key = demo.apiKeys.find(one => one.tenantId === 'acme')?.key ?? ''
    const id = `live-${name}`
    const events = [
      ['deployments', 'deployment_start', { deploymentId: id, instanceId: id, instanceType: 'odoo', name: `Ao vivo ${name}` }],
      ['deployments', 'deployment_progress', { deploymentId: id, progress: 40, currentStep: 'Aplicando configurações' }],
      ['alerts', 'alert', { severity: 'warning', message: `Aviso em ${name}` }],
      ['billing', 'billing_payment', { paymentId: id, status: 'pending', message: `Cobrança em ${name}` }],
    ].map(([family, type, data]) => ({ channel: `tenant:acme:${String(family)}`, type, data }))
    const { status } = await fetch(`${platform.url}/v1/events/batch`, { method: 'POST', body: JSON.stringify({ events }), headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' } })
    expect(status).toBe(201)
  }

  beforeAll(async () => {
    platform = await serveColumn('auto')
    demo = platform.demo
    origin = platform.proxy.url
    browser = await launch()
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    await platform?.stop()
  })

  // The other two are in stories.ts.
  it.each([['dark', 1440], ['light', 360]] as const)('has no accessibility finding and nothing too wide on any page: %s, %i px', async (colorScheme, width) => {
    const { page, context, errors, foreign } = await enter('owner@acme.example', { colorScheme, width })
    for (const [name, to] of Object.entries(pages)) {
      await visit(page, to)
      await page.locator('main h1').first().waitFor()
      await page.locator('main .animate-pulse').first().waitFor({ state: 'detached' })
      expect({ name, findings: await seriousFindings(page) }).toEqual({ name, findings: [] })
      const tooWide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
      expect({ name, tooWide: Number(tooWide) > 0 }).toEqual({ name, tooWide: false })
    }
    expect({ errors, foreign }).toEqual({ errors: [], foreign: [] })
    await context.close()
  }, 240_000)

  it('moves nothing on any page, neither while it loads nor when live data comes', async () => {
    const { page, context } = await enter('owner@acme.example')
    await page.addInitScript(watchShifts)
    const badge = page.getByTestId('billing-badge')
    const shifts: Record<string, number> = {}
    for (const [name, to] of Object.entries(pages)) {
      await page.goto(`${origin}/tenant${to}`)
      await page.locator('main h1').first().waitFor()
      await page.locator('main .animate-pulse').first().waitFor({ state: 'detached' })
      await badge.and(page.locator(':not([data-count="0"])')).waitFor({ timeout: 30_000 })
      const before = Number(await badge.getAttribute('data-count'))
      expect({ name, isStill: await page.evaluate(readShifts) < 0.1 }).toEqual({ name, isStill: true })
      await publishAll(name)
      // What the demonstration bills meanwhile counts too.
      await until(async () => Number(await badge.getAttribute('data-count')) > before, { timeoutMs: 30_000 })
      shifts[name] = Number((await page.evaluate(readShifts)).toFixed(4))
    }
    console.log(`layout shift of each page, good below 0.1: ${JSON.stringify(shifts)}`)
    // A deployment that begins takes its place above those that ended: all else keeps its own.
    expect(Object.entries(shifts).filter(([name, shift]) => shift >= (name === 'dashboard' ? 0.2 : 0.1))).toEqual([])
    await context.close()
  }, 120_000)

  it('is used with the keyboard alone: pages, help, a new deployment, the inbox, settings and the way out', async () => {
    const { page, context } = await enter('manager@acme.example')
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-input').fill('instancias')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/tenant\/instances$/)
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.waitForURL(/\/tenant\/deployments$/)
    await page.keyboard.press('?')
    await page.getByTestId('keyboard-help').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByTestId('keyboard-help').waitFor({ state: 'hidden' })
    await page.keyboard.press('n')
    await page.getByRole('dialog').getByText('Odoo', { exact: true }).first().waitFor()
    await tabTo(page, 'form[data-testid=new-deployment] input[maxlength="120"]')
    await page.keyboard.type('Loja do teclado')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Loja do teclado' }).first().waitFor()
    await tabTo(page, 'main a[href*="/deployments/"]')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/tenant\/deployments\/.+/)
    await page.keyboard.press('g')
    await page.keyboard.press('b')
    const badge = page.getByTestId('billing-badge')
    await page.getByTestId('billing-read').first().waitFor()
    const unread = Number(await badge.getAttribute('data-count'))
    await tabTo(page, '[data-testid=billing-read]')
    await page.keyboard.press('Enter')
    await badge.and(page.locator(`[data-count="${unread - 1}"]`)).waitFor()
    await tabTo(page, '[data-testid=billing-undo]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await badge.and(page.locator(`[data-count="${unread}"]`)).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.waitForURL(/\/tenant\/settings$/)
    await page.locator('[data-testid=set-busy]:not([disabled])').waitFor()
    await tabTo(page, '[data-testid=busy-text], [data-testid=busy-text] input')
    await page.keyboard.type('Só teclado')
    await page.keyboard.press('Enter')
    await page.getByTestId('is-busy').filter({ hasText: 'Só teclado' }).waitFor()
    await tabTo(page, '[data-testid=end-busy]')
    await page.keyboard.press('Enter')
    await page.getByTestId('is-busy').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-input').fill('sair')
    await page.keyboard.press('Enter')
    await page.getByTestId('sign-in').waitFor()
    await context.close()
  }, 120_000)

  it('lets an owner add somebody, who may sign in at once, change their role, and shut them out again', async () => {
    const { page, context } = await enter('owner@acme.example')
    await page.goto(`${origin}/tenant/team`)
    await page.getByTestId('team-add').click()
    const form = page.getByRole('dialog').locator('form')
    await form.getByLabel('Nome').fill('Nova Pessoa')
    await form.getByLabel('E-mail').fill('nova@acme.example')
    await form.getByRole('button', { name: 'Adicionar pessoa' }).click()
    const password = await page.getByRole('status').locator('code').first().innerText()
    const other = await openPage(browser, origin)
    await signIn(other.page, `${origin}/tenant/`, { email: 'nova@acme.example', password })
    for (const label of ['Nova senha', 'Repita a nova senha']) await other.page.getByLabel(label, { exact: true }).fill('uma frase minha e longa')
    await other.page.getByTestId('new-password').locator('button[type=submit]').click()
    await other.page.getByTestId('user-menu').waitFor()
    const row = page.getByTestId('team').getByRole('listitem').filter({ hasText: 'nova@acme.example' })
    await row.getByRole('combobox').selectOption('viewer')
    await row.getByRole('button', { name: 'Desativar' }).click()
    await row.getByRole('dialog').getByTestId('confirm').click()
    await row.getByText('desativada').waitFor()
    await other.page.getByRole('button', { name: 'Entrar', exact: true }).waitFor()
    await other.context.close()
    await context.close()
  }, 90_000)

  it('shows a new API key once, and a revoked one no more', async () => {
    const { page, context } = await enter('owner@acme.example')
    await page.goto(`${origin}/tenant/settings`)
    await page.getByTestId('key-name').fill('relatórios')
    await page.getByTestId('key-create').click()
    const keys = page.getByTestId('api-keys')
    const key = await keys.getByRole('status').locator('code').innerText()
    const read = (): Promise<number> => fetch(`${platform.url}/v1/tenants/acme/deployments`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status)
    expect(await read()).toBe(200)
    const row = keys.getByRole('listitem').filter({ hasText: 'relatórios' })
    await row.getByRole('button', { name: 'Revogar' }).click()
    await row.getByRole('dialog').getByTestId('confirm').click()
    await row.waitFor({ state: 'detached' })
    expect(await read()).toBe(401)
    await context.close()
  }, 60_000)

  it('lists where one is signed in and ends another device there', async () => {
    const here = await enter('manager@acme.example')
    const there = await enter('manager@acme.example')
    await here.page.goto(`${origin}/tenant/settings`)
    const others = here.page.getByTestId('sessions').getByRole('button')
    await others.first().waitFor()
    for (let left = await others.count(); left > 0; left--) {
      await others.first().click()
      await until(async () => await others.count() < left, { what: 'the session to leave the list' })
    }
    await there.page.getByRole('button', { name: 'Entrar', exact: true }).waitFor()
    expect(await here.page.getByTestId('user-menu').count()).toBe(1)
    await there.context.close()
    await here.context.close()
  }, 90_000)

  it('keeps the filter of deployments in the address', async () => {
    const { page, context } = await enter('viewer@acme.example')
    await page.goto(`${origin}/tenant/deployments`)
    await page.getByTestId('filter-completed').click()
    await page.waitForURL(/status=completed/)
    await page.getByTestId('deployments-find').locator('input').or(page.locator('input[data-testid=deployments-find]')).first().fill('nada-assim')
    await page.getByTestId('deployments-empty').waitFor()
    await page.reload()
    await page.getByTestId('deployments-empty').waitFor()
    expect(page.url()).toContain('q=nada-assim')
    await context.close()
  }, 60_000)

  it('leads to the wished page after signing in', async () => {
    const { page, context } = await openPage(browser, origin)
    await signIn(page, `${origin}/tenant/deployments?status=failed`, account('member@acme.example'))
    await page.waitForURL(/\/tenant\/deployments\?status=failed$/)
    await context.close()
  }, 60_000)

  it('says when it is offline, of when what is shown is, and what still works', async () => {
    const { page, context } = await enter('member@acme.example')
    await page.getByTestId('presence-user').first().waitFor()
    platform.proxy.refuse(true)
    platform.proxy.cut()
    await page.getByTestId('offline-banner').filter({ hasText: 'continua possível' }).waitFor({ timeout: 30_000 })
    expect(await seriousFindings(page)).toEqual([])
    platform.proxy.refuse(false)
    await page.getByTestId('offline-banner').waitFor({ state: 'hidden', timeout: 60_000 })
    await context.close()
  }, 120_000)

  it('asks before somebody else signs in, and begins anew in the other tab', async () => {
    const { page, context } = await enter('member@acme.example')
    const second = await context.newPage()
    await second.goto(`${origin}/tenant/sign-in?switch`)
    await second.getByTestId('sign-in-other').waitFor()
    expect(await second.getByTestId('sign-in').count()).toBe(0)
    await second.getByTestId('sign-in-replace').click()
    await fill(second, account('viewer@acme.example'))
    await second.getByTestId('user-menu').waitFor()
    await until(async () => (await page.getByTestId('user-menu').locator('summary').getAttribute('aria-label').catch(() => ''))?.includes(await nameIn(second)) === true, { timeoutMs: 30_000 })
    await page.reload()
    await page.getByTestId('user-menu').waitFor()
    await second.reload()
    await second.getByTestId('user-menu').waitFor()
    await context.close()
  }, 90_000)
})

/** Presses Tab until it has the focus: whoever has no mouse gets there too. */
async function tabTo(page: Page, selector: string, key = 'Tab'): Promise<void> {
  const focused = page.locator(selector.split(', ').map(one => `${one}:focus`).join(', '))
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press(key)
    if (await focused.count() > 0) return
  }
  throw new Error(`${selector} is not reached with ${key}`)
}

async function fill(page: Page, { email, password }: { email: string, password: string }): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Senha', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Entrar', exact: true }).click()
}

const nameIn = async (page: Page): Promise<string> => (await page.getByTestId('user-menu').locator('summary').innerText()).trim()
