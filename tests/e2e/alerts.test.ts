/** Alerts in a real browser: the host is loaded for real, the operator hears, acknowledges, and hears that it is over. */

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { findFreePort } from '@neo-stack/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, isRequired, seriousFindings, type Watched } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

/** Moves bytes through the loopback as fast as they go, until told to stop. */
async function loadNetwork(): Promise<() => Promise<void>> {
  const server = createServer(socket => { socket.resume().on('error', () => undefined) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const piece = Buffer.alloc(1 << 20)
  let isStopped = false
  const pump = (): void => { if (!isStopped) socket.write(piece, pump) }
  await once(socket, 'connect')
  pump()
  return async () => {
    isStopped = true
    socket.destroy()
    server.close()
    await once(server, 'close')
  }
}

/** A mail server that first refuses everybody. */
class MailServer {
  isRefusing = true
  readonly arrived: string[] = []
  readonly #server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      if (!this.isRefusing) this.arrived.push(address)
      done(this.isRefusing ? Object.assign(new Error('unknown'), { responseCode: 550 }) : null)
    },
    onData: (stream, _session, done) => { stream.resume().on('end', () => { done(null) }) },
  })

  async start(): Promise<string> {
    const server = this.#server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  stop(): Promise<void> {
    return new Promise(resolve => { this.#server.close(() => { resolve() }) })
  }
}

describe.skipIf(!chromiumPath && !isRequired)(`alerts${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  const mail = new MailServer()
  let stage: Stage
  let operator: Watched
  let unload: (() => Promise<void>) | undefined
  beforeAll(async () => {
    const port = String(await findFreePort())
    stage = await openStage(1, { PORT: port, NEO_PUBLIC_URL: `http://127.0.0.1:${port}`, NEO_SMTP_URL: await mail.start(), NEO_MAIL_FROM: 'NEO <alerts@neo.example>' })
    operator = await stage.enter('operator@neo.example', { portal: 'admin' })
  }, 600_000)
  afterAll(async () => {
    await unload?.()
    await stage?.close()
    await mail.stop()
  })

  it('a rule is tried, saved, fires when the host is loaded, is acknowledged, and is over when the load is', async () => {
    const { page, errors } = operator
    await page.goto(`${stage.platform.url}/admin/alerts`)
    await page.getByTestId('rule-new').click()
    await page.getByTestId('rule-name').fill('Rede cheia')
    await page.getByTestId('rule-metric').selectOption('networkIn')
    await page.getByTestId('rule-threshold').fill('30000000')
    // However busy the machine is: it is over when next to nothing comes in any more.
    await page.getByTestId('rule-hysteresis').fill('29500000')
    await page.getByTestId('rule-severity').selectOption('critical')
    await page.getByTestId('rule-preview-ask').click()
    await page.getByTestId('rule-preview').getByText('nas últimas 24 h').waitFor()
    await page.getByTestId('rule-save').click()
    await page.getByTestId('alert-rule').filter({ hasText: 'Rede cheia' }).waitFor()
    unload = await loadNetwork()
    // The chart shows the load; the alert beside it leads to its part of the chart and to the deployments around it.
    await page.goto(`${stage.platform.url}/admin/metrics`)
    const told = page.getByTestId('alert').filter({ hasText: 'Rede cheia' }).first()
    await told.waitFor({ timeout: 30_000 })
    await page.getByTestId('chart-networkIn').filter({ hasText: /(\d{2,}(,\d)? MB|GB)\/s/ }).waitFor()
    await told.getByTestId('alert-chart').click()
    await page.locator('[data-testid=metrics-chart][data-range=zoom]:not([data-points="0"])').waitFor()
    await told.getByTestId('alert-deployments').click()
    await page.getByTestId('deployments-span').waitFor()
    await page.goto(`${stage.platform.url}/admin/alerts`)
    const row = page.getByTestId('alert-row').filter({ hasText: 'Rede cheia' })
    const firing = row.and(page.locator('[data-state=firing]'))
    await firing.waitFor({ timeout: 30_000 })
    await firing.filter({ hasText: 'entrada de rede > 30 MB/s' }).getByTestId('alert-runbook').waitFor()
    await firing.getByTestId('alert-chart').and(page.locator('[href*="figure=networkIn"]')).waitFor()
    await page.getByTestId('alert-rule').and(page.locator('[data-state=firing]')).waitFor()
    await firing.getByTestId('alert-acknowledge').click()
    await firing.getByTestId('alert-note').fill('Cópia em andamento')
    await firing.getByTestId('alert-acknowledge-send').click()
    await row.getByTestId('alert-acknowledged').filter({ hasText: 'Cópia em andamento' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await unload()
    unload = undefined
    await row.and(page.locator('[data-state=resolved]')).first().waitFor({ timeout: 30_000 })
    expect(errors).toEqual([])
  }, 120_000)

  it('a tenant\'s critical alert leads operators to the tenant', async () => {
    const { page, errors } = operator
    const message = `Sem energia ${Date.now().toString(36)}`
    await page.goto(`${stage.platform.url}/admin/alerts`)
    await stage.ask('acme', '/v1/events', { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'critical', message } })
    const row = page.getByTestId('alert-row').filter({ hasText: message })
    await row.getByTestId('alert-deployments').and(page.locator('[href*="tenant=acme"]')).waitFor({ timeout: 60_000 })
    await row.getByTestId('alert-deployments').click()
    await page.getByTestId('deployments-tenant').filter({ hasText: 'acme' }).click()
    await page.waitForURL(url => url.pathname.endsWith('/deployments') && !url.searchParams.has('tenant') && url.searchParams.has('from'))
    await page.goBack()
    await page.getByTestId('deployments-tenant').waitFor()
    await page.goto(`${stage.platform.url}/admin/alerts`)
    await row.getByTestId('alert-tenant').click()
    await page.locator('[data-testid=tenant-page][data-tenant=acme]').waitFor()
    expect(errors).toEqual([])
  }, 90_000)

  it('a tenant silences its rules for a while, and ends that', async () => {
    const { page, errors } = await stage.enter('manager@acme.example', { width: 360 })
    await page.goto(`${stage.platform.url}/tenant/alerts`)
    await page.getByTestId('silence-note').fill('Manutenção')
    await page.getByTestId('silence-make').click()
    await page.getByTestId('alert-silence').filter({ hasText: 'Manutenção' }).waitFor()
    await page.getByTestId('channel-new').click()
    await page.getByTestId('channel-name').fill('Plantão')
    await page.getByTestId('channel-target').fill('https://hooks.example.com/alerts')
    await page.getByTestId('channel-make').click()
    await page.getByTestId('channel-secret').getByText('whsec_').waitFor()
    await page.getByTestId('alert-channel').filter({ hasText: 'Plantão' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.getByTestId('silence-end').click()
    await page.getByTestId('alert-silence').waitFor({ state: 'detached' })
    // A maintenance window is one that begins later.
    await page.getByTestId('silence-from').fill('2099-05-01T22:00')
    await page.getByTestId('silence-note').fill('Troca de disco')
    await page.getByTestId('silence-make').click()
    const maintenance = page.getByTestId('alert-silence').filter({ hasText: 'Troca de disco' })
    await maintenance.filter({ hasText: /22:00.*23:00/ }).waitFor()
    await maintenance.getByTestId('silence-end').click()
    await maintenance.waitFor({ state: 'detached' })
    expect(errors).toEqual([])
  }, 60_000)

  it('a letter that was given up is sent again', async () => {
    const { page, errors } = await stage.enter('owner@acme.example')
    await page.goto(`${stage.platform.url}/tenant/alerts`)
    await page.getByTestId('channel-new').click()
    await page.getByTestId('channel-kind').selectOption('email')
    await page.getByTestId('channel-name').fill('Dona')
    await page.getByTestId('channel-target').fill('owner@acme.example')
    await page.getByTestId('channel-make').click()
    await page.getByTestId('alert-channel').filter({ hasText: 'Dona' }).waitFor()
    const message = `Disco cheio ${Date.now().toString(36)}`
    await stage.ask('acme', '/v1/events', { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'warning', message } })
    const letter = page.getByTestId('alert-delivery').filter({ hasText: `Dona: ${message}` })
    const become = (state: string): Promise<void> => expect.poll(async () => {
      await page.reload()
      await page.getByTestId('alert-channel').first().waitFor()
      return await letter.and(page.locator(`[data-state=${state}]`)).count()
    }, { timeout: 30_000, interval: 1000 }).toBe(1)
    await become('dead')
    mail.isRefusing = false
    await letter.getByTestId('delivery-again').click()
    await expect.poll(() => mail.arrived, { timeout: 20_000 }).toContain('owner@acme.example')
    await become('sent')
    expect(errors).toEqual([])
  }, 90_000)
})
