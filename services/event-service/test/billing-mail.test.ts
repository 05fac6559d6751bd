import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BillingPublisher, type BillingPreferences, type PutBillingPreferences } from '@neo-stack/events'
import { writeLetter, type Occasion } from '../src/billing/mail/letter.ts'
import { toMessageId } from '../src/billing/mail/rounds.ts'
import { endLetter } from '../src/billing/mail/waiting.ts'
import { isQuiet } from '../src/billing/mail/quiet-hours.ts'
import { openPrepared } from './prepared-database.ts'
import { startMailServer, partOf, type MailServer } from './smtp-server.ts'
import { startService, type TestService } from './service.ts'
import type { Database } from '../src/database/database.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const inbox = '/v1/tenants/acme/billing/notifications'

describe('e-mail of billing', () => {
  let server: MailServer
  let database: Database
  let services: TestService[]
  let publisher: BillingPublisher
  const headers: Record<string, { authorization: string }> = {}

  beforeAll(async () => {
    server = await startMailServer()
    database = await openPrepared()
    const mail = { smtpUrl: server.url, from: 'NEO_STACK <billing@neo.example>', everyMs: 500, delayMs: 0 }
    // Two processes on one database, each with its own rounds.
    const first = await startService({ database, publicUrl: 'http://portal.example', mail })
    services = [first, await startService({ database, publicUrl: 'http://portal.example', mail, keys: first.identity.keys })]
    publisher = new BillingPublisher(first.publishAs({ type: 'service', id: 'billing' }))
    for (const who of ['owner@acme.example', 'manager@acme.example', 'viewer@acme.example', 'operator@neo.example', 'owner@globex.example']) headers[who] = await first.bearer(who)
  })
  afterAll(async () => {
    await Promise.all(services.map(service => service.stop()))
    await database.close()
    await server.stop()
  })
  beforeEach(async () => {
    server.refuse(undefined)
    await database.inSystem(async tx => {
      for (const table of ['billing_preferences', 'billing_marks', 'billing_states', 'billing_notifications', 'billing_numbers', 'billing_records'] as const) await tx.deleteFrom(table).execute()
    })
    await database.jobs.executeSql('delete from pgboss.job where name = \'billing-mail\'')
    server.arrived.splice(0)
  })

  const ask = async (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object, who = 'owner@acme.example'): Promise<Answer> =>
    await services[0]?.app.inject({ method, url, headers: headers[who] ?? {}, ...payload && { payload } }) as Answer
  const choose = (said: PutBillingPreferences, who?: string): Promise<Answer> => ask('PUT', '/v1/tenants/acme/billing/preferences', said, who)
  const arrived = (count: number): Promise<void> => expect.poll(() => server.arrived.length, { timeout: 60_000 }).toBe(count)
  /** Waits until a later letter came: what was to come before it would have come by then. */
  const afterAnother = async (): Promise<string[]> => {
    await choose({ categories: { plan: { email: true } } }, 'manager@acme.example')
    await publisher.publishPlanChange('acme', 'Sentinela')
    await expect.poll(() => server.arrived.some(({ raw }) => raw.includes('Sentinela')), { timeout: 60_000 }).toBe(true)
    return server.arrived.filter(({ raw }) => !raw.includes('Sentinela')).map(({ raw }) => raw)
  }

  it('is sent once to each user who asked for it, in their language, by two processes', async () => {
    await choose({ categories: { invoices: { email: true } }, language: 'pt-BR' })
    await choose({ categories: { invoices: { email: true } }, language: 'en', timeZone: 'Asia/Tokyo' }, 'manager@acme.example')
    await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
    await arrived(2)
    const [owner, manager] = ['owner@acme.example', 'manager@acme.example'].map(who => server.arrived.find(({ to }) => to.includes(who))?.raw ?? '')
    expect(partOf(owner ?? '', 'text/plain').replace(/\u00A0/g, ' ')).toContain('Nova fatura disponível: R$ 19,90')
    expect(partOf(manager ?? '', 'text/plain')).toContain('New invoice: R$19.90')
    for (const raw of [owner ?? '', manager ?? '']) {
      expect(partOf(raw, 'text/plain')).toContain('http://portal.example/tenant/inbox')
      expect(partOf(raw, 'text/html')).toContain('href="http://portal.example/tenant/inbox"')
      expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
      expect(raw).toMatch(/^From: NEO_STACK <billing@neo\.example>\r$/m)
    }
    await publisher.publishInvoice('acme', 'inv-2', 500, 'JPY')
    await arrived(4)
    const ids = server.arrived.map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)?.[1])
    expect(new Set(ids).size).toBe(4)
    expect(await afterAnother()).toHaveLength(4)
  }, 150_000)

  it('is not sent for what was read or seen in the portals, nor for what nobody asked for', async () => {
    await choose({ categories: { invoices: { email: true }, payments: { email: true } }, quietHours: await hoursAround() })
    const { id } = await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
    await publisher.publishSubscription('acme', 'sub-1', 'completed', 'Ativa')
    await ask('POST', `${inbox}/${id}/read`)
    await choose({ quietHours: null })
    expect(await afterAnother()).toEqual([])
    await choose({ quietHours: await hoursAround() })
    await publisher.publishInvoice('acme', 'inv-2', 1990, 'BRL')
    await ask('POST', `${inbox}/seen`)
    await publisher.publishInvoice('acme', 'inv-3', 1990, 'BRL')
    await choose({ quietHours: null })
    await arrived(2)
    expect(server.arrived.at(-1)?.raw).toContain('Subject: ')
    expect(partOf(server.arrived.at(-1)?.raw ?? '', 'text/plain')).toContain('há uma notificação')
  }, 150_000)

  it('tells a failure neither when it was made good nor when it came after', async () => {
    await choose({ categories: { payments: { email: true } }, quietHours: await hoursAround() })
    await publisher.publishPaymentStatus('acme', 'p-1', 'failed', 'Recusado', { occurredAt: '2026-11-01T00:00:00.000Z' })
    await publisher.publishPaymentStatus('acme', 'p-1', 'completed', 'Pago', { occurredAt: '2026-11-02T00:00:00.000Z' })
    await publisher.publishPaymentStatus('acme', 'p-1', 'failed', 'Recusado', { occurredAt: '2026-11-01T12:00:00.000Z' })
    await choose({ quietHours: null })
    await arrived(1)
    const text = partOf(server.arrived[0]?.raw ?? '', 'text/plain')
    expect(text).toContain('Pago')
    expect(text).not.toContain('Recusado')
  }, 150_000)

  it('waits while hours are quiet, and comes as one letter afterwards', async () => {
    await choose({ categories: { payments: { email: true } }, quietHours: await hoursAround() })
    for (const id of ['p-1', 'p-2', 'p-3']) await publisher.publishPaymentStatus('acme', id, 'failed', `Cartão recusado (${id})`, { amountMinor: 1990, currency: 'BRL' })
    expect(await afterAnother()).toEqual([])
    await choose({ quietHours: null })
    await arrived(2)
    const text = partOf(server.arrived.at(-1)?.raw ?? '', 'text/plain')
    for (const id of ['p-1', 'p-2', 'p-3']) expect(text).toContain(id)
  }, 150_000)

  it('comes again later when the server was away, and is given up when the server refuses for good', async () => {
    await choose({ categories: { invoices: { email: true } } })
    server.refuse(451)
    await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
    const retries = (): Promise<number> => services[0]?.jobs.boss.findJobs('billing-mail', {}).then(jobs => Math.max(0, ...jobs.map(({ retryCount, state }) => state === 'retry' ? retryCount + 1 : 0))) ?? Promise.resolve(0)
    await expect.poll(retries, { timeout: 60_000 }).toBeGreaterThan(0)
    expect(server.arrived).toEqual([])
    server.refuse(undefined)
    await arrived(1)
    server.refuse(550)
    await publisher.publishInvoice('acme', 'inv-2', 1990, 'BRL')
    const mailed = (): Promise<number> => database.inSystem(async tx => Number((await tx.selectFrom('billing_marks').select('mailed_n').executeTakeFirst())?.mailed_n))
    await expect.poll(mailed, { timeout: 60_000 }).toBe(2)
    server.refuse(undefined)
    await publisher.publishInvoice('acme', 'inv-3', 700, 'BRL')
    await arrived(2)
    expect(partOf(server.arrived[1]?.raw ?? '', 'text/plain')).not.toContain('19,90')
    const told = (await Promise.all(services.map(async ({ app }) => (await app.inject('/metrics')).body))).join('')
    for (const outcome of ['sent', 'failed', 'given_up']) expect(told).toMatch(new RegExp(`^outbound_messages_total\\{kind="billing_email",outcome="${outcome}"\\} [1-9]`, 'm'))
  }, 240_000)

  it('is not sent to somebody who may no longer read billing', async () => {
    await choose({ categories: { invoices: { email: true } } })
    const { user } = (await ask('GET', '/v1/session')).json<{ user: { id: string } }>()
    await database.inSystem(tx => tx.updateTable('users').set({ roles: ['viewer'] }).where('id', '=', user.id).execute())
    await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
    expect(await afterAnother()).toEqual([])
    await database.inSystem(tx => tx.updateTable('users').set({ roles: ['owner'] }).where('id', '=', user.id).execute())
    // Nor is it told late once they may again.
    await publisher.publishInvoice('acme', 'inv-2', 700, 'BRL')
    await arrived(2)
    expect(partOf(server.arrived[1]?.raw ?? '', 'text/plain')).not.toContain('19,90')
  }, 200_000)

  it('is not told again when a slow process ends a letter that another took over', async () => {
    const { user } = (await ask('GET', '/v1/session')).json<{ user: { id: string } }>()
    const reader = { tenantId: 'acme', userId: user.id }
    await database.inTenant('acme', tx => tx.insertInto('billing_marks').values({ tenant_id: 'acme', user_id: user.id, n: 0, mailed_n: 5 }).execute())
    const mark = (): Promise<number> => database.inTenant('acme', async tx => Number((await tx.selectFrom('billing_marks').select('mailed_n').executeTakeFirstOrThrow()).mailed_n))
    const other = Date.parse('2026-11-26T12:00:00.000Z')
    const late = { until: other - 1_000, isDone: true }
    await database.inTenant('acme', tx => tx.updateTable('billing_marks').set({ mailing_until: new Date(other) }).execute())
    await endLetter(database, reader, { upTo: 3, ...late })
    expect(await mark()).toBe(5)
    await endLetter(database, reader, { upTo: 7, ...late })
    expect(await mark()).toBe(7)
    // The other process goes on: the letter is still its own.
    const until = (): Promise<Date | null> => database.inTenant('acme', async tx => (await tx.selectFrom('billing_marks').select('mailing_until').executeTakeFirstOrThrow()).mailing_until)
    expect((await until())?.getTime()).toBe(other)
    await endLetter(database, reader, { upTo: 7, until: other, isDone: true })
    expect(await until()).toBeNull()
  })

  it('of one category still comes when another is asked for meanwhile', async () => {
    await choose({ categories: { invoices: { email: true } }, quietHours: await hoursAround() })
    await publisher.publishPaymentStatus('acme', 'p-1', 'failed', 'Cartão recusado', { amountMinor: 1990, currency: 'BRL' })
    await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
    await choose({ categories: { payments: { email: true } } })
    await choose({ quietHours: null })
    await arrived(1)
    const text = partOf(server.arrived[0]?.raw ?? '', 'text/plain')
    expect(text.replace(/\u00A0/g, ' ')).toContain('R$ 19,90')
    expect(text).not.toContain('Cartão recusado')
  }, 150_000)

  it('is not counted among the jobs of deployments', async () => {
    await services[0]?.jobs.boss.send('billing-mail', { tenantId: 'acme', userId: 'nobody' }, { startAfter: 3600 })
    expect((await services[0]?.jobs.backlog())?.states).toEqual({ waiting: 0, running: 0, failed: 0 })
  })

  describe('preferences', () => {
    const read = async (who?: string): Promise<BillingPreferences> => (await ask('GET', '/v1/tenants/acme/billing/preferences', undefined, who)).json()

    it('are each user\'s own, and what is left out stays', async () => {
      expect(await read()).toMatchObject({ categories: { invoices: { app: true, email: false }, usage: { app: true, email: false } }, quietHours: null, language: 'pt-BR', hasMail: true })
      await choose({ categories: { usage: { app: false } }, quietHours: { from: '22:00', to: '07:30' }, timeZone: 'Europe/Lisbon', language: 'es' })
      await choose({ categories: { usage: { email: true } } })
      expect(await read()).toMatchObject({ categories: { usage: { app: false, email: true }, plan: { app: true, email: false } }, quietHours: { from: '22:00', to: '07:30' }, timeZone: 'Europe/Lisbon', language: 'es' })
      expect(await read('manager@acme.example')).toMatchObject({ categories: { usage: { app: true, email: false } }, quietHours: null })
    })

    it('that mute a category take it out of the counter, and tell the user\'s other devices the new one', async () => {
      await publisher.publishInvoice('acme', 'inv-1', 1990, 'BRL')
      await publisher.publishPlanChange('acme', 'Pro')
      await choose({ categories: { invoices: { app: false } } })
      expect((await ask('GET', inbox)).json()).toMatchObject({ unread: 1 })
      expect((await ask('GET', inbox, undefined, 'manager@acme.example')).json()).toMatchObject({ unread: 2 })
      const [told] = await database.inSystem(tx => tx.selectFrom('events').select(['channel', 'data']).where('type', '=', 'billing_preferences_changed').orderBy('time', 'desc').limit(1).execute())
      expect(told?.channel).toMatch(/^user:acme\//)
      expect(told?.data).toEqual({ changed: { categories: { invoices: { app: false } } }, unread: 1 })
    })

    it.each([
      [{ timeZone: 'Mars/Olympus' }, 'timeZone'], [{ quietHours: { from: '24:00', to: '07:00' } }, 'quietHours.from'], [{ quietHours: { from: '07:00', to: '07:00' } }, 'quietHours.to'],
      [{ language: 'fr' }, 'language'], [{ categories: { taxes: { app: true } } }, 'categories'], [{ categories: { plan: { sms: true } } }, 'categories.plan'],
    ])('refuse %j with the path', async (body, path) => {
      const answer = await ask('PUT', '/v1/tenants/acme/billing/preferences', body)
      expect(answer.json()).toMatchObject({ status: 400, errors: [{ path: expect.stringContaining(path) as string }] })
    })

    it('are closed to who may not read billing, to other tenants, to services and to operators', async () => {
      const url = '/v1/tenants/acme/billing/preferences'
      expect((await ask('GET', url, undefined, 'viewer@acme.example')).statusCode).toBe(403)
      expect((await ask('PUT', url, {}, 'viewer@acme.example')).statusCode).toBe(403)
      expect((await ask('GET', url, undefined, 'owner@globex.example')).statusCode).toBe(404)
      expect((await ask('PUT', url, {}, 'operator@neo.example')).statusCode).toBe(403)
      expect((await services[0]?.app.inject({ url, headers: { authorization: `Bearer ${services[0].keyOf('acme')}` } }))?.statusCode).toBe(403)
    })
  })
})

/** Quiet hours that are now, wherever the day stands. */
function hoursAround(): Promise<{ from: string, to: string }> {
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000 - 3 * 3_600_000).toISOString().slice(11, 16)
  return Promise.resolve({ from: at(-2), to: at(2) })
}

describe('quiet hours', () => {
  const night = { from: '22:00', to: '07:00' }

  it.each([
    ['2026-11-20T00:59:00Z', night, 'America/Sao_Paulo', false],
    ['2026-11-20T01:00:00Z', night, 'America/Sao_Paulo', true],
    ['2026-11-20T09:59:00Z', night, 'America/Sao_Paulo', true],
    ['2026-11-20T10:00:00Z', night, 'America/Sao_Paulo', false],
    ['2026-11-20T12:00:00Z', { from: '12:00', to: '13:00' }, 'UTC', true],
    ['2026-11-20T13:00:00Z', { from: '12:00', to: '13:00' }, 'UTC', false],
    // Lisbon is at UTC in winter and an hour ahead in summer.
    ['2026-01-20T06:30:00Z', night, 'Europe/Lisbon', true],
    ['2026-07-20T06:30:00Z', night, 'Europe/Lisbon', false],
    // The night in which 02:00 becomes 03:00, and the one in which 03:00 becomes 02:00.
    ['2026-03-29T01:30:00Z', { from: '02:00', to: '03:00' }, 'Europe/Berlin', false],
    ['2026-10-25T00:30:00Z', { from: '02:00', to: '03:00' }, 'Europe/Berlin', true],
    ['2026-10-25T01:30:00Z', { from: '02:00', to: '03:00' }, 'Europe/Berlin', true],
    ['2026-11-20T18:20:00Z', { from: '00:00', to: '00:10' }, 'Asia/Kathmandu', true],
  ])('at %s with %j in %s: %s', (time, hours, zone, quiet) => {
    expect(isQuiet(Date.parse(time), hours, zone)).toBe(quiet)
  })

  it('are as long as the clock says, and are never without hours', () => {
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
    const zone = fc.constantFrom('UTC', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Apia', 'Asia/Tokyo')
    fc.assert(fc.property(time, time, zone, fc.integer({ min: 0, max: 3_000_000 }), (from, to, timeZone, minutes) => {
      const at = minutes * 60_000 + Date.parse('2022-01-01T00:00:00Z')
      expect(isQuiet(at, null, timeZone)).toBe(false)
      if (from === to) return
      // Whatever the hour, one of two opposite halves of the day is quiet and the other is not.
      expect(isQuiet(at, { from, to }, timeZone)).toBe(!isQuiet(at, { from: to, to: from }, timeZone))
    }))
    const quiet = Array.from({ length: 1440 }, (_, minute) => isQuiet(Date.parse('2026-11-20T00:00:00Z') + minute * 60_000, night, 'Asia/Tokyo')).filter(Boolean)
    expect(quiet).toHaveLength(9 * 60)
  })
})

describe('a letter', () => {
  it('has the identifier of its content: the same for another attempt, a new one when it holds more', () => {
    const user = { tenantId: 'acme', userId: 'u' }
    const first = toMessageId(user, { after: 1, upTo: 2 }, 'NEO <a@b.example>')
    expect(first).toMatch(/^<billing-[0-9a-f]{32}@b\.example>$/)
    expect(toMessageId(user, { after: 1, upTo: 2 }, 'NEO <a@b.example>')).toBe(first)
    expect(toMessageId(user, { after: 1, upTo: 3 }, 'NEO <a@b.example>')).not.toBe(first)
  })

  const occasion = (patch: Partial<Occasion> = {}): Occasion => ({
    name: 'Ana', language: 'en', timeZone: 'UTC', count: 1, link: 'https://portal.example/tenant/inbox',
    notifications: [{ type: 'billing_payment', status: 'failed', message: 'Card <b>declined</b> & returned', amountMinor: 1234567, currency: 'KWD', time: new Date('2026-11-20T10:00:00Z'), data: {} }],
    ...patch,
  })

  it.each([
    ['BRL', 1990, 'pt-BR', 'R$ 19,90'], ['JPY', 1990, 'en', '¥1,990'], ['KWD', 1990, 'en', 'KWD 1.990'], ['BRL', 1990, 'en', 'R$19.90'], ['EUR', 123456, 'es', '1234,56 €'],
  ] as const)('writes %s %i in %s as %s', (currency, amountMinor, language, amount) => {
    const { text } = writeLetter(occasion({ language, notifications: [{ type: 'billing_invoice', status: 'pending', message: 'x', amountMinor, currency, time: new Date(0), data: { invoiceId: 'i' } }] }))
    expect(text.replace(/\u00A0/g, ' ')).toContain(amount)
  })

  it.each([
    ['pt-BR', { state: 'triggered', threshold: 80, thresholdUnit: 'percent' }, '84,5% do limite de storage usado'],
    ['en', { state: 'resolved', threshold: 90, thresholdUnit: 'percent' }, 'Usage of storage below 90%: now 84.5%'],
    ['pt-BR', { state: 'resolved', threshold: 1500, thresholdUnit: 'absolute' }, 'Uso de storage abaixo de 1.500: agora 84,5%'],
  ] as const)('says in %s what usage did: %j', (language, more, sentence) => {
    const { text } = writeLetter(occasion({ language, notifications: [{ type: 'billing_usage_alert', status: 'pending', message: 'x', time: new Date(0), data: { resource: 'storage', percentage: 84.5, ...more } }] }))
    expect(text).toContain(sentence)
  })

  it('shows what others wrote as text, never as HTML', () => {
    const { html, text } = writeLetter(occasion())
    expect(html).toContain('Card &lt;b&gt;declined&lt;/b&gt; &amp; returned')
    expect(text).toContain('Card <b>declined</b> & returned')
  })

  it('names the first and counts the rest', () => {
    expect(writeLetter(occasion({ count: 31 }))).toMatchObject({ subject: '31 billing notifications', text: expect.stringContaining('and 30 more.') as string })
    expect(writeLetter(occasion()).text).not.toContain('more')
  })
})
