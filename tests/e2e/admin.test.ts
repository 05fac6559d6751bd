/** The admin portal as a product: a tenant's life, live events, connections that end, announcements everywhere. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '@neo-stack/testing'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired, seriousFindings, type Watched } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

const operator = 'operator@neo.example'

describe.skipIf(!chromiumPath && !isRequired)(`the admin portal${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let stage: Stage

  beforeAll(async () => { stage = await openStage() }, 600_000)
  afterAll(() => stage?.close())

  const enter = (options: Parameters<Stage['enter']>[1] = {}): Promise<Watched> => stage.enter(operator, { portal: 'admin', ...options })
  const go = (page: Page, to: string): Promise<unknown> => page.goto(`${stage.platform.url}/admin${to}`)
  /** What no try before has made: a second one finds a fresh name. */
  const fresh = (): string => Date.now().toString(36)
  /** Presses a button that asks first, and says yes. */
  const act = async (page: Page, name: string): Promise<void> => {
    await page.getByRole('button', { name, exact: true }).first().click()
    await page.locator('dialog[open]').getByTestId('confirm').click()
  }

  it('leads a tenant through its life: made, limited, suspended and let in again, deleted – all of it in the audit log', async () => {
    const { page, context } = await enter()
    const id = `initech${fresh()}`
    await page.keyboard.press('n')
    const form = page.locator('dialog[open]')
    await form.getByLabel('Identificador').fill(id)
    await form.getByLabel('Nome', { exact: true }).fill('Initech Ltda.')
    await form.getByLabel('E-mail de quem é dono (opcional)').fill(`dona@${id}.example`)
    await form.getByRole('button', { name: 'Novo cliente' }).click()
    await page.getByTestId('secret').locator('code').waitFor()
    await page.getByTestId('find').locator('input').or(page.locator('input[data-testid=find]')).first().fill('inítech')
    await page.locator(`[data-tenant=${id}]`).click()
    await page.getByTestId('quota-eventsPerSecond').locator('input').or(page.locator('input[data-testid=quota-eventsPerSecond]')).first().fill('7')
    await page.getByRole('button', { name: 'Salvar limites' }).click()
    await page.getByText('Limites salvos').first().waitFor()
    await act(page, 'Suspender')
    await page.locator('[data-testid=tenant-state][data-state=suspended]').waitFor()
    // The notice offers to undo it.
    await page.getByRole('listitem').filter({ hasText: `${id} foi suspenso` }).getByRole('button', { name: 'Desfazer' }).click()
    await page.locator('[data-testid=tenant-state][data-state=active]').waitFor()
    const expectTrail = async (...actions: readonly string[]): Promise<void> => {
      for (const action of actions) {
        await page.locator('input[data-testid=find], [data-testid=find] input').first().fill(`${action} ${id}`)
        await page.locator(`[data-testid=audit-entry][data-action="${action}"]`).first().waitFor()
      }
    }
    await go(page, '/audit')
    await expectTrail('tenant.resumed', 'tenant.suspended', 'tenant.quotas_changed', 'tenant.created')
    await go(page, `/tenants/${id}`)
    await page.getByTestId('tenant-delete').click()
    const sure = page.locator('dialog[open]')
    expect(await sure.getByTestId('confirm').isDisabled()).toBe(true)
    await sure.getByLabel(`Digite ${id} para confirmar`).fill(id)
    await sure.getByTestId('confirm').click()
    await page.waitForURL(/\/admin\/tenants$/)
    await go(page, '/audit')
    await expectTrail('tenant.deleted')
    await page.getByTestId('verify').click()
    await page.getByTestId('verified').filter({ hasText: 'inteiras' }).waitFor()
    await context.close()
  }, 90_000)

  it('shows what is published on a channel, as JSON and as a command that reads it again; paused it waits', async () => {
    const { page, context } = await enter()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const channel = 'tenant:acme:alerts'
    const raise = (message: string): Promise<unknown> => stage.ask('acme', '/v1/events', { channel, type: 'alert', data: { severity: 'info', message } })
    await go(page, `/explorer?channel=${channel}`)
    await page.locator('[data-testid=watch][data-live=true]').waitFor()
    await raise('explored-one')
    const event = page.getByTestId('explorer-event').filter({ hasText: 'explored-one' })
    await event.getByTestId('explorer-open').click()
    expect(JSON.parse(await event.getByTestId('explorer-json').innerText())).toMatchObject({ channel, type: 'alert', data: { message: 'explored-one' } })
    await event.getByTestId('copy-curl').click()
    const command = await until(async () => await page.evaluate('navigator.clipboard.readText()'), { what: 'the command' }) as string
    const url = /'(http[^']+)'/.exec(command)?.[1] ?? ''
    const key = stage.platform.demo.apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? ''
    expect(await (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).json()).toMatchObject({ events: [{ data: { message: 'explored-one' } }] })
    await page.getByTestId('pause').click()
    await raise('explored-two')
    await page.getByTestId('pause').filter({ hasText: '1 esperando' }).waitFor()
    expect(await page.getByTestId('explorer-event').filter({ hasText: 'explored-two' }).count()).toBe(0)
    await page.getByTestId('pause').click()
    await page.getByTestId('explorer-event').filter({ hasText: 'explored-two' }).waitFor()
    await context.close()
  }, 60_000)

  it('shows who is connected and ends that one connection', async () => {
    const member = await stage.enter('member@acme.example')
    await member.page.getByTestId('presence-user').first().waitFor()
    const { page, context } = await enter()
    await go(page, '/connections')
    await page.locator('input[data-testid=find], [data-testid=find] input').first().fill('member')
    const row = page.getByTestId('connection').filter({ hasText: 'acme' })
    await row.first().waitFor()
    const client = await row.first().getAttribute('data-client')
    await row.first().getByRole('button', { name: 'Desconectar' }).click()
    await page.locator('dialog[open]').getByTestId('confirm').click()
    await page.locator(`[data-client="${client}"]`).waitFor({ state: 'detached' })
    await member.page.getByTestId('offline-banner').waitFor()
    await member.context.close()
    await context.close()
  }, 60_000)

  it('tells everybody in every portal, until it is dismissed or expires', async () => {
    const member = await stage.enter('member@acme.example', { width: 360 })
    const { page, context } = await enter()
    const [message, short] = [`Manutenção ${fresh()} hoje às 22h`, `Só por um instante ${fresh()}`]
    const announced = ({ page: seen }: { page: Page }, text: string): ReturnType<Page['locator']> => seen.getByTestId('announcement').filter({ hasText: text })
    await go(page, '/announcements')
    await page.getByTestId('announce-message').fill(message)
    await act(page, 'Publicar aviso')
    for (const seen of [member, { page }]) await announced(seen, message).waitFor()
    expect(await seriousFindings(member.page)).toEqual([])
    await member.page.getByTestId('announcement-dismiss').click()
    await member.page.reload()
    await member.page.getByTestId('user-menu').waitFor()
    await member.page.getByTestId('presence-user').first().waitFor()
    expect(await announced(member, message).count()).toBe(0)
    await page.reload()
    await announced({ page }, message).waitFor()
    // Taken back it goes everywhere, also where nobody dismissed it.
    const other = await stage.enter('candidate@acme.example', { portal: 'certification' })
    await announced(other, message).waitFor()
    await page.getByTestId('announced').filter({ hasText: message }).getByRole('button', { name: 'Recolher' }).click()
    await page.locator('dialog[open]').filter({ hasText: message }).getByTestId('confirm').click()
    for (const seen of [other, { page }]) await announced(seen, message).waitFor({ state: 'detached' })
    await other.context.close()
    await stage.ask(null, '/v1/admin/announcements', { message: short, until: new Date(Date.now() + 20_000).toISOString() })
    await announced({ page }, short).waitFor()
    await announced({ page }, short).waitFor({ state: 'detached', timeout: 60_000 })
    await member.context.close()
    await context.close()
  }, 150_000)

  it('makes a key of the operators that works, and revokes it; shows who of the operators is here', async () => {
    const { page, context } = await enter()
    const name = `relatórios ${fresh()}`
    await page.getByTestId('presence-user').first().waitFor()
    expect(await page.locator('[data-testid=part][data-part=database]').getAttribute('data-state')).toBe('ok')
    await go(page, '/people')
    await page.locator('input[data-testid=key-name], [data-testid=key-name] input').first().fill(name)
    await page.getByTestId('key-create').click()
    const key = await page.getByTestId('secret').locator('code').innerText()
    const read = (): Promise<number> => fetch(`${stage.platform.url}/v1/admin/overview`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status)
    expect(await read()).toBe(200)
    const row = page.getByTestId('key').filter({ hasText: name })
    await row.getByRole('button', { name: 'Revogar' }).click()
    await page.locator('dialog[open]').getByTestId('confirm').click()
    await row.getByText('revogada').waitFor()
    expect(await read()).toBe(401)
    await context.close()
  }, 60_000)
})
