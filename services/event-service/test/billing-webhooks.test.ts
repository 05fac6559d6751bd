import { createHmac, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BillingSource, NotificationPage, SourceSecret } from '@neo-stack/events'
import { mapStripe } from '../src/billing/sources/stripe.ts'
import { purgeSourceEvents } from '../src/billing/sources/intake.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const stripeSecret = 'whsec_4f9d2c7b1a6e8d3f5b0c'
const invoice = (patch: object = {}): object => ({ type: 'billing_invoice', timestamp: '2026-11-01T10:00:00.000Z', data: { invoiceId: 'inv-1', amountMinor: 1990, currency: 'BRL', status: 'pending' }, ...patch })
const stripeEvent = (id: string, type: string, object: object, more: object = {}): object => ({
  id, object: 'event', api_version: '2025-09-30', created: 1_793_527_200, livemode: false, pending_webhooks: 1, type, data: { object: { customer: 'cus_1', ...object }, ...more },
})

describe('webhooks of billing systems', () => {
  let service: TestService
  let standard: SourceSecret
  let stripe: SourceSecret
  const bearers: Record<string, { authorization: string }> = {}
  beforeAll(async () => {
    service = await startService()
    for (const who of ['owner@acme.example', 'manager@acme.example', 'owner@globex.example', 'operator@neo.example']) bearers[who] = await service.bearer(who)
    standard = (await manage('POST', '/v1/tenants/acme/billing/sources', { name: 'ERP', kind: 'standard' })).json()
    stripe = (await manage('POST', '/v1/tenants/acme/billing/sources', { name: 'Stripe', kind: 'stripe', secret: stripeSecret })).json()
  })
  afterAll(() => service.stop())
  beforeEach(() => service.database.inSystem(async tx => {
    for (const table of ['billing_notifications', 'billing_numbers', 'billing_source_events', 'billing_records'] as const) await tx.deleteFrom(table).execute()
  }))

  const manage = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, who = 'owner@acme.example'): Promise<Answer> =>
    service.app.inject({ method, url, headers: bearers[who] ?? {}, ...payload && { payload } })
  const inbox = async (tenantId = 'acme'): Promise<NotificationPage> =>
    (await service.app.inject({ method: 'GET', url: `/v1/tenants/${tenantId}/billing/notifications`, headers: bearers[`owner@${tenantId}.example`] ?? {} })).json()
  const post = (path: string, body: string, headers: Record<string, string>): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: path, payload: body, headers: { 'content-type': 'application/json', ...headers } })

  interface Sending { id?: string, secret?: string, path?: string, secondsAgo?: number, sent?: string }
  /** Sends as Standard Webhooks' own library signs; `sent` replaces the body after signing. */
  const send = (event: object, { id = 'evt-1', secret = standard.secret, path = standard.source.path, secondsAgo = 0, sent }: Sending = {}): Promise<Answer> => {
    const body = JSON.stringify(event)
    const at = new Date(service.now() - secondsAgo * 1000)
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign(id, at, body) }
    return post(path, sent ?? body, headers)
  }
  const sendStripe = (event: object, { secret = stripeSecret, path = stripe.source.path, secondsAgo = 0, sent }: Sending = {}): Promise<Answer> => {
    const body = JSON.stringify(event, null, 2)
    const at = Math.floor(service.now() / 1000) - secondsAgo
    const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')
    return post(path, sent ?? body, { 'stripe-signature': `t=${at},v1=${'0'.repeat(64)},v1=${signature},v0=ignored` })
  }

  it('come from a system that is added once, however often the same key asks, and whose secret is shown once', async () => {
    const add = (name: string): Promise<Answer> => service.app.inject({
      method: 'POST', url: '/v1/tenants/globex/billing/sources', payload: { name, kind: 'standard' }, headers: { ...bearers['owner@globex.example'], 'idempotency-key': 'source-1' },
    }).then(answer => answer)
    const [first, again] = [await add('ERP'), await add('ERP')]
    expect([first.statusCode, again.statusCode]).toEqual([201, 201])
    expect(first.json<SourceSecret>().secret).toMatch(/^whsec_/)
    expect(again.json()).toEqual({ source: first.json<SourceSecret>().source })
    expect((await add('another')).json()).toMatchObject({ status: 409, code: 'idempotency_conflict' })
    expect((await manage('GET', '/v1/tenants/globex/billing/sources', undefined, 'owner@globex.example')).json<{ sources: BillingSource[] }>().sources).toHaveLength(1)
  })

  it('are stored before they are answered, and stand in the inbox', async () => {
    const answer = await send(invoice())
    expect(answer.json()).toMatchObject({ status: 'accepted', ids: [expect.any(String)] })
    expect((await inbox()).items).toMatchObject([{ type: 'billing_invoice', amountMinor: 1990, currency: 'BRL', data: { invoiceId: 'inv-1', occurredAt: '2026-11-01T10:00:00.000Z', sourceEventId: 'evt-1' } }])
  })

  it('are one event when they are sent three times, at once and again days later', async () => {
    const answers = await Promise.all([send(invoice()), send(invoice()), send(invoice())])
    expect(answers.map(answer => answer.json<{ status: string }>().status).sort()).toEqual(['accepted', 'duplicate', 'duplicate'])
    const purgeAfter = (days: number): Promise<number> => service.database.inSystem(tx => purgeSourceEvents(tx, 100, service.now() + days * 86_400_000))
    expect(await purgeAfter(35)).toBe(0)
    expect((await send(invoice({ data: { invoiceId: 'another', amountMinor: 1, currency: 'BRL' } }))).json()).toEqual({ status: 'duplicate', ids: [] })
    expect((await inbox()).items).toHaveLength(1)
    expect(await purgeAfter(41)).toBe(1)
  })

  describe.each([['Standard Webhooks', 'standard'], ['Stripe', 'stripe']] as const)('by %s', (_name, kind) => {
    const event = kind === 'standard' ? invoice() : stripeEvent('evt-s', 'invoice.paid', { id: 'in_1', currency: 'brl', amount_due: 1990, amount_paid: 1990 })
    const by = (sending: Sending = {}): Promise<Answer> => kind === 'standard' ? send(event, sending) : sendStripe(event, sending)
    const wrong = kind === 'standard' ? `whsec_${randomBytes(32).toString('base64')}` : 'whsec_of_somebody_else'

    it.each([
      ['signed with another secret', { secret: wrong }, 'invalid_signature'],
      ['changed after signing', { sent: JSON.stringify(event).replace('1990', '1') }, 'invalid_signature'],
      ['signed 301 s ago', { secondsAgo: 301 }, 'signature_expired'],
      ['signed 301 s ahead', { secondsAgo: -301 }, 'signature_expired'],
    ] as const)('are refused when they were %s, and nothing is stored', async (_case, sending, code) => {
      expect((await by(sending)).json()).toMatchObject({ status: 401, code })
      expect((await inbox()).items).toEqual([])
      expect(await service.database.inSystem(tx => tx.selectFrom('billing_source_events').selectAll().execute())).toEqual([])
    })

    it('are taken up to 300 s late', async () => {
      expect((await by({ secondsAgo: 298 })).json()).toMatchObject({ status: 'accepted' })
    })

    it('are refused without a signature, without a source, and as no JSON', async () => {
      const { source: { path } } = kind === 'standard' ? standard : stripe
      expect((await post(path, JSON.stringify(event), {})).json()).toMatchObject({ status: 401, code: 'invalid_signature' })
      expect((await by({ path: '/v1/webhooks/billing/standard-000000000000000000' })).json()).toMatchObject({ status: 404, code: 'not_found' })
      expect((await service.app.inject({ method: 'POST', url: path, payload: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).statusCode).toBe(415)
    })
  })

  it('of the documented JSON are checked, with the paths of the faults', async () => {
    expect((await send({ type: 'billing_invoice', data: {} })).json()).toMatchObject({ status: 400, errors: [{ path: 'timestamp' }] })
    expect((await send(invoice({ data: { invoiceId: 'i', amountMinor: 1.5, currency: 'BRL' } }))).json()).toMatchObject({ status: 400, errors: [{ path: 'data.amountMinor' }] })
    expect((await send(invoice({ type: 'deployment_start' }))).json()).toMatchObject({ status: 400, errors: [{ path: 'type' }] })
    expect((await inbox()).items).toEqual([])
  })

  it('for another tenant than the source\'s are refused, and nothing is stored anywhere', async () => {
    expect((await send(invoice({ tenantId: 'globex' }))).json()).toMatchObject({ status: 404, code: 'not_found' })
    expect([(await inbox()).items, (await inbox('globex')).items]).toEqual([[], []])
    expect((await send(invoice({ tenantId: 'acme' }))).statusCode).toBe(200)
  })

  it('of an operators\' source reach the tenant of their customer, and are refused for others', async () => {
    const operator = 'operator@neo.example'
    const { source, secret } = (await manage('POST', '/v1/admin/billing-sources', { name: 'Central', kind: 'standard' }, operator)).json<SourceSecret>()
    const customers = `/v1/admin/billing-sources/${source.id}/customers`
    expect((await manage('PUT', customers, { customers: [{ customer: 'c-7', tenantId: 'nobody' }] }, operator)).json()).toMatchObject({ status: 400, errors: [{ path: 'customers.0.tenantId' }] })
    const put = (await manage('PUT', customers, { customers: [{ customer: 'c-7', tenantId: 'globex' }] }, operator)).json<BillingSource>()
    expect(put.customers).toEqual([{ customer: 'c-7', tenantId: 'globex' }])
    expect((await send(invoice({ customer: 'c-8' }), { secret, path: source.path })).json()).toMatchObject({ status: 422, code: 'unknown_customer' })
    expect((await send(invoice({ customer: 'c-7', tenantId: 'acme' }), { secret, path: source.path })).json()).toMatchObject({ status: 404 })
    expect((await send(invoice({ customer: 'c-7' }), { secret, path: source.path })).json()).toMatchObject({ status: 'accepted' })
    expect([(await inbox()).items, (await inbox('globex')).items.map(({ data }) => data['invoiceId'])]).toEqual([[], ['inv-1']])
    expect((await manage('PUT', customers, { customers: [] })).statusCode).toBe(403)
  })

  it('never undo what is paid by a failure that comes late', async () => {
    const payment = (id: string, type: string, created: number): object => ({ ...stripeEvent(id, type, { id: 'pi_1', currency: 'brl', amount: 500 }), created })
    await sendStripe(payment('evt-2', 'payment_intent.succeeded', 1_793_527_300))
    await sendStripe(payment('evt-1', 'payment_intent.payment_failed', 1_793_527_200))
    const records = await service.app.inject({ method: 'GET', url: '/v1/tenants/acme/billing/records', headers: bearers['owner@acme.example'] ?? {} })
    expect(records.json()).toMatchObject({ payments: [{ id: 'pi_1', status: 'completed' }] })
    const { items, unread } = await inbox()
    expect({ unread, states: items.map(({ status, state }) => `${status} ${state}`) }).toEqual({ unread: 1, states: ['completed unread', 'failed read'] })
  })

  describe('whose secret is changed', () => {
    it('are taken with the old one as long as it was said, then with the new one only', async () => {
      const made = (await manage('POST', '/v1/tenants/acme/billing/sources', { name: 'Rotating', kind: 'standard' })).json<SourceSecret>()
      const { path, id } = made.source
      const rotated = (await manage('POST', `/v1/tenants/acme/billing/sources/${id}/rotate`, { overlapSeconds: 600 })).json<SourceSecret>()
      expect(rotated.secret).not.toBe(made.secret)
      expect(rotated.source.secrets).toMatchObject([{ hint: `…${rotated.secret.slice(-4)}` }, { expiresAt: expect.any(String) }])
      expect((await send(invoice(), { id: 'r-1', secret: made.secret, path })).statusCode).toBe(200)
      expect((await send(invoice(), { id: 'r-2', secret: rotated.secret, path })).statusCode).toBe(200)
      service.advance(601_000)
      expect((await send(invoice(), { id: 'r-3', secret: made.secret, path })).json()).toMatchObject({ code: 'invalid_signature' })
      expect((await send(invoice(), { id: 'r-4', secret: rotated.secret, path })).statusCode).toBe(200)
      service.advance(-601_000)
      expect((await manage('DELETE', `/v1/tenants/acme/billing/sources/${id}`)).statusCode).toBe(204)
      expect((await send(invoice(), { id: 'r-5', secret: rotated.secret, path })).statusCode).toBe(404)
    })
  })

  describe('from sources', () => {
    it('that an owner manages, and nobody else', async () => {
      expect((await manage('GET', '/v1/tenants/acme/billing/sources', undefined, 'manager@acme.example')).statusCode).toBe(403)
      expect((await manage('GET', '/v1/tenants/acme/billing/sources', undefined, 'owner@globex.example')).statusCode).toBe(404)
      expect((await manage('DELETE', `/v1/tenants/globex/billing/sources/${standard.source.id}`, undefined, 'owner@globex.example')).statusCode).toBe(404)
      expect((await manage('POST', `/v1/tenants/globex/billing/sources/${standard.source.id}/rotate`, {}, 'owner@globex.example')).statusCode).toBe(404)
      expect((await manage('GET', '/v1/admin/billing-sources')).statusCode).toBe(403)
    })

    it('whose secrets are shown once and kept sealed', async () => {
      const { sources } = (await manage('GET', '/v1/tenants/acme/billing/sources')).json<{ sources: BillingSource[] }>()
      expect(JSON.stringify(sources)).not.toContain(standard.secret)
      expect(sources.find(({ id }) => id === stripe.source.id)?.secrets).toMatchObject([{ hint: `…${stripeSecret.slice(-4)}` }])
      const rows = await service.database.inSystem(tx => tx.selectFrom('billing_source_secrets').selectAll().execute())
      const audit = await service.database.inSystem(tx => tx.selectFrom('audit').selectAll().where('action', 'like', 'billing_source%').execute())
      expect(audit.map(({ target }) => target)).toContain(standard.source.id)
      for (const text of [JSON.stringify(rows), JSON.stringify(audit)]) expect(text.includes(standard.secret) || text.includes(stripeSecret)).toBe(false)
    })

    it('whose secrets are usable', async () => {
      expect((await manage('POST', '/v1/tenants/acme/billing/sources', { name: 'x', kind: 'stripe' })).json()).toMatchObject({ status: 400, errors: [{ path: 'secret' }] })
      expect((await manage('POST', '/v1/tenants/acme/billing/sources', { name: 'x', kind: 'standard', secret: 'not-base64-at-all!' })).json()).toMatchObject({ status: 400, errors: [{ path: 'secret' }] })
    })
  })
})

describe('Stripe\'s events', () => {
  const mapped = (type: string, object: object, more: object = {}): unknown => mapStripe(stripeEvent('evt', type, object, more)).events

  it.each([
    ['invoice.finalized', 'pending'], ['invoice.paid', 'completed'], ['invoice.payment_failed', 'failed'], ['invoice.voided', 'cancelled'],
  ])('%s is an invoice that is %s', (type, status) => {
    expect(mapped(type, { id: 'in_1', currency: 'brl', amount_due: 700, amount_paid: 500, due_date: 1_793_613_600 })).toMatchObject([
      { type: 'billing_invoice', data: { invoiceId: 'in_1', status, amountMinor: status === 'completed' ? 500 : 700, currency: 'BRL', dueAt: '2026-11-02T10:00:00.000Z', occurredAt: '2026-11-01T10:00:00.000Z', sourceEventId: 'evt' } },
    ])
  })

  it('have amounts of ISO 4217, where Stripe counts otherwise', () => {
    const amountOf = (currency: string, amount: number): unknown => mapped('payment_intent.succeeded', { id: 'pi', currency, amount })
    expect(amountOf('jpy', 500)).toMatchObject([{ data: { amountMinor: 500 } }])
    expect(amountOf('kwd', 5000)).toMatchObject([{ data: { amountMinor: 5000 } }])
    expect(amountOf('isk', 500)).toMatchObject([{ data: { amountMinor: 5 } }])
    expect(amountOf('mga', 5)).toMatchObject([{ data: { amountMinor: 500 } }])
  })

  it('say why a payment failed', () => {
    expect(mapped('payment_intent.payment_failed', { id: 'pi', currency: 'brl', amount: 1, invoice: { id: 'in_9' }, last_payment_error: { message: 'Your card was declined.' } }))
      .toMatchObject([{ data: { status: 'failed', invoiceId: 'in_9', metadata: { reason: 'Your card was declined.' } } }])
  })

  it('are a change of plan when a subscription\'s price changed', () => {
    const items = (id: string, nickname: string): object => ({ data: [{ price: { id, nickname, unit_amount: 4900, currency: 'brl' }, current_period_end: 1_796_119_200 }] })
    const subscription = { id: 'sub_1', status: 'active', items: items('price_2', 'Pro') }
    expect(mapped('customer.subscription.updated', subscription, { previous_attributes: { items: items('price_1', 'Basic') } })).toMatchObject([
      { type: 'billing_subscription', data: { subscriptionId: 'sub_1', status: 'completed', planName: 'Pro', amountMinor: 4900, renewsAt: '2026-12-01T10:00:00.000Z' } },
      { type: 'billing_plan_change', data: { planName: 'Pro', previousPlan: 'Basic', status: 'completed' } },
    ])
    expect(mapped('customer.subscription.deleted', { ...subscription, status: 'canceled' })).toMatchObject([{ data: { status: 'cancelled' } }])
  })

  it('that say nothing of billing are let pass', () => {
    expect(mapped('customer.created', { id: 'cus_1' })).toEqual([])
  })
})
