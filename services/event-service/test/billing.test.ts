import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { BillingPublisher, type NotificationPage, type UsageReported } from '@neo-stack/events'
import { climb, LADDER } from '../src/billing/thresholds.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const inbox = '/v1/tenants/acme/billing/notifications'

describe('the billing inbox', () => {
  let service: TestService
  let publisher: BillingPublisher
  let bearers: Record<string, { authorization: string }>
  beforeAll(async () => {
    service = await startService()
    publisher = new BillingPublisher(service.publishAs({ type: 'service', id: 'billing' }))
    const names = ['owner@acme.example', 'manager@acme.example', 'viewer@acme.example', 'owner@globex.example', 'operator@neo.example']
    bearers = Object.fromEntries(await Promise.all(names.map(async name => [name, await service.bearer(name)] as const)))
  })
  afterAll(() => service.stop())
  beforeEach(() => service.database.inSystem(async tx => {
    for (const table of ['billing_notifications', 'billing_states', 'billing_marks', 'usage_levels'] as const) await tx.deleteFrom(table).execute()
  }))

  const ask = (method: 'GET' | 'POST', url: string, who = 'owner@acme.example'): Promise<Answer> => service.app.inject({ method, url, headers: bearers[who] ?? {} })
  const page = async (query = '', who?: string): Promise<NotificationPage> => (await ask('GET', `${inbox}?${query}`, who)).json()
  const invoices = async (count: number): Promise<string[]> => {
    const ids = []
    for (let n = 1; n <= count; n++) ids.push((await publisher.publishInvoice('acme', `inv-${n}`, n * 100, 'BRL')).id)
    return ids
  }

  it('shows what was published, newest first, with the money and the event\'s own data', async () => {
    const [first, second] = await invoices(2)
    const { items, unread } = await page()
    expect(unread).toBe(2)
    expect(items.map(({ id }) => id)).toEqual([second, first])
    expect(items[0]).toMatchObject({
      type: 'billing_invoice', status: 'pending', message: 'Nova fatura disponível: BRL 2,00', amountMinor: 200, currency: 'BRL', read: false, state: 'unread', data: { invoiceId: 'inv-2' },
    })
  })

  it('is read, unread and archived by each user alone', async () => {
    const [id] = await invoices(1)
    expect((await ask('POST', `${inbox}/${id}/read`)).json()).toEqual({ unread: 0 })
    expect((await page('', 'manager@acme.example')).unread).toBe(1)
    expect((await page('state=read')).items).toHaveLength(1)
    expect((await ask('POST', `${inbox}/${id}/unread`)).json()).toEqual({ unread: 1 })
    expect((await ask('POST', `${inbox}/${id}/archive`)).json()).toEqual({ unread: 0 })
    expect((await page()).items).toEqual([])
    expect((await page('state=archived')).items.map(one => one.id)).toEqual([id])
  })

  it('marks all as read, and what comes later is unread again', async () => {
    const [first] = await invoices(3)
    await ask('POST', `${inbox}/${first}/archive`)
    expect((await ask('POST', `${inbox}/read-all`)).json()).toEqual({ unread: 0 })
    expect((await page('state=archived')).items).toHaveLength(1)
    await publisher.publishPaymentStatus('acme', 'pay-1', 'failed', 'Cartão recusado')
    expect(await page('state=unread')).toMatchObject({ unread: 1, items: [{ type: 'billing_payment', status: 'failed' }] })
  })

  it('tells the user\'s other devices, and nobody else, in the same transaction', async () => {
    const [id] = await invoices(1)
    await ask('POST', `${inbox}/${id}/read`)
    await ask('POST', `${inbox}/00000000-0000-4000-8000-000000000000/read`)
    const events = await service.database.inSystem(tx => tx.selectFrom('events').select(['channel', 'data']).where('type', '=', 'inbox_changed').orderBy('time', 'desc').execute())
    const { user } = (await ask('GET', '/v1/session')).json<{ user: { id: string } }>()
    expect(events[0]).toEqual({ channel: `user:acme/${user.id}`, data: { inbox: 'billing', state: 'read', ids: [id] } })
    expect(events.filter(({ data }) => JSON.stringify(data).includes('00000000-0000'))).toEqual([])
  })

  it('is paged without a hole or a double', async () => {
    const ids = await invoices(7)
    const found: string[] = []
    for (let next: string | undefined = '', pages = 0; next !== undefined && pages < 9; pages++) {
      const answer: NotificationPage = await page(`limit=3${next && `&before=${next}`}`)
      found.push(...answer.items.map(({ id }) => id))
      next = answer.next
    }
    expect(found).toEqual(ids.reverse())
  })

  it('counts what a recount counts after random acts', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('new', 'read', 'unread', 'archive', 'read-all'), fc.nat(4)), { maxLength: 14 }), async acts => {
      await service.database.inSystem(async tx => {
        for (const table of ['billing_notifications', 'billing_states', 'billing_marks'] as const) await tx.deleteFrom(table).execute()
      })
      const model = new Map<string, string>()
      for (const [act, n] of acts) {
        const id = [...model.keys()][n]
        if (act === 'new') model.set((await publisher.publishInvoice('acme', 'inv', 1, 'BRL')).id, 'unread')
        else if (act === 'read-all') {
          await ask('POST', `${inbox}/read-all`)
          for (const [key, state] of model) model.set(key, state === 'archived' ? state : 'read')
        } else if (id !== undefined) {
          await ask('POST', `${inbox}/${id}/${act}`)
          model.set(id, act === 'archive' ? 'archived' : act)
        }
      }
      const states = [...model.values()]
      const { unread, items } = await page('limit=200')
      expect(unread).toBe(states.filter(state => state === 'unread').length)
      expect(items).toHaveLength(states.filter(state => state !== 'archived').length)
    }), { numRuns: 25 })
  })

  it('is closed to who may not read billing, to other tenants and to what is no notification', async () => {
    const [id] = await invoices(1)
    expect((await ask('GET', inbox, 'viewer@acme.example')).statusCode).toBe(403)
    expect((await ask('GET', inbox, 'owner@globex.example')).statusCode).toBe(404)
    expect((await ask('POST', `${inbox}/${id}/read`, 'owner@globex.example')).statusCode).toBe(404)
    expect((await ask('POST', `/v1/tenants/globex/billing/notifications/${id}/read`, 'owner@globex.example')).statusCode).toBe(404)
    expect((await ask('POST', `${inbox}/nothing/read`)).json()).toMatchObject({ status: 400, errors: [{ path: 'id' }] })
    expect((await ask('GET', `${inbox}?before=00000000-0000-4000-8000-000000000000`)).json()).toMatchObject({ status: 400, errors: [{ path: 'before' }] })
    expect((await ask('GET', inbox, 'operator@neo.example')).statusCode).toBe(200)
  })

  describe('usage', () => {
    const report = (used: number, more: object = {}): Promise<Answer> => service.app.inject({
      method: 'POST', url: '/v1/tenants/acme/usage', payload: { resource: 'storage', used, limit: 1000, period: '2026-11', ...more }, headers: { authorization: `Bearer ${service.keyOf('acme')}` },
    })

    it('triggers each threshold once and resolves it once, two points below', async () => {
      const crossed = async (used: number): Promise<string> => (await report(used)).json<UsageReported>().crossed.map(({ threshold, state }) => `${state[0]}${threshold}`).join()
      expect(await crossed(400)).toBe('')
      expect(await crossed(850)).toBe('t50,t80')
      expect(await crossed(790)).toBe('')
      expect(await crossed(800)).toBe('')
      expect(await crossed(779)).toBe('r80')
      expect(await crossed(1250)).toBe('t80,t90,t100,t120')
      const { items } = await page()
      expect(items[0]).toMatchObject({ type: 'billing_usage_alert', status: 'failed', message: 'Alerta: 125.0% do limite de storage usado', data: { threshold: 120, state: 'triggered', period: '2026-11' } })
      expect(items).toHaveLength(7)
    })

    it('begins anew in a new period', async () => {
      expect((await report(600)).json<UsageReported>().crossed).toHaveLength(1)
      expect((await report(600, { period: '2026-12' })).json<UsageReported>().crossed).toHaveLength(1)
    })

    it('triggers once although many report at the same time', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => report(950)))
      expect(answers.map(({ statusCode }) => statusCode).filter(status => status !== 200 && status !== 503)).toEqual([])
      expect((await page()).items.map(({ data }) => data['threshold'])).toEqual([90, 80, 50])
    })

    it.each([[{ used: -1 }, 'used'], [{ limit: 0 }, 'limit'], [{ period: '' }, 'period'], [{ resource: 1 }, 'resource']])('refuses %j with the path', async (more, path) => {
      expect((await report(1, more)).json()).toMatchObject({ status: 400, errors: [{ path }] })
    })
  })
})

describe('the ladder of thresholds', () => {
  it('never says the same thing twice in a row for a threshold, and ends where the percentage says', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 50 }), percentages => {
      const said = new Map<number, string>()
      let triggered: number[] = []
      for (const percentage of percentages) {
        const step = climb(triggered, percentage)
        for (const { threshold, state } of step.crossed) {
          expect(said.get(threshold) ?? 'resolved').not.toBe(state)
          said.set(threshold, state)
        }
        triggered = step.triggered
        for (const threshold of LADDER) {
          if (percentage >= threshold) expect(triggered).toContain(threshold)
          if (percentage < threshold - 2) expect(triggered).not.toContain(threshold)
        }
      }
    }))
  })
})
