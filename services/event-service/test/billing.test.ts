import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { BillingPublisher, type BillingRecords, type NotificationPage, type ReadAll, type UsageReported } from '@neo-stack/events'
import { forecastFull } from '../src/billing/forecast.ts'
import { climb, LADDER, nameOf, percentOf } from '../src/billing/thresholds.ts'
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
    for (const table of ['billing_notifications', 'billing_numbers', 'billing_states', 'billing_marks', 'billing_records', 'usage_levels', 'usage_points', 'usage_thresholds'] as const) await tx.deleteFrom(table).execute()
  }))

  const ask = (method: 'GET' | 'POST', url: string, who = 'owner@acme.example'): Promise<Answer> => service.app.inject({ method, url, headers: bearers[who] ?? {} })
  const page = async (query = '', who?: string): Promise<NotificationPage> => (await ask('GET', `${inbox}?${query}`, who)).json()
  const invoices = async (count: number): Promise<string[]> => {
    const occurredAt = (n: number): string => new Date(service.now() + n).toISOString()
    const events = Array.from({ length: count }, (_, n) => publisher.publishInvoice('acme', `inv-${n + 1}`, (n + 1) * 100, 'BRL', { occurredAt: occurredAt(n) }))
    return (await Promise.all(events)).map(({ id }) => id)
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
    expect((await ask('POST', `${inbox}/read-all`)).json()).toMatchObject({ unread: 0 })
    expect((await page('state=archived')).items).toHaveLength(1)
    await publisher.publishPaymentStatus('acme', 'pay-1', 'failed', 'Cartão recusado')
    expect(await page('state=unread')).toMatchObject({ unread: 1, items: [{ type: 'billing_payment', status: 'failed' }] })
  })

  it.each([
    ['payment', (status: 'failed' | 'completed', occurredAt: string) => publisher.publishPaymentStatus('acme', 'p-1', status, status, { occurredAt })],
    ['invoice', (status: 'failed' | 'completed', occurredAt: string) => publisher.publishInvoice('acme', 'i-1', 100, 'BRL', { status, occurredAt })],
    ['subscription', (status: 'failed' | 'completed', occurredAt: string) => publisher.publishSubscription('acme', 's-1', status, status, { occurredAt })],
  ] as const)('counts a failed %s as read once it was made good, and tells nobody of one that comes late', async (_name, publish) => {
    const overtaken = async (id: string): Promise<unknown> =>
      (await service.database.inSystem(tx => tx.selectFrom('events').select('data').where('id', '=', id).executeTakeFirstOrThrow())).data['overtaken']
    const first = await publish('failed', '2026-11-01T00:00:00.000Z')
    expect((await page()).unread).toBe(1)
    expect(await overtaken(first.id)).toBeUndefined()
    const good = await publish('completed', '2026-11-02T00:00:00.000Z')
    expect(await overtaken(good.id)).toBeUndefined()
    const late = await publish('failed', '2026-11-01T12:00:00.000Z')
    expect(await overtaken(late.id)).toBe(true)
    const { unread, items } = await page()
    expect({ unread, states: items.map(({ status, state }) => `${status} ${state}`) }).toEqual({ unread: 1, states: ['completed unread', 'failed read', 'failed read'] })
    expect((await page('state=unread')).items.map(({ id }) => id)).toEqual([good.id])
    expect((await ask('POST', `${inbox}/${first.id}/unread`)).json()).toEqual({ unread: 2 })
  })

  it('says itself whether newer word is known, whatever a publisher claims', async () => {
    const { id } = await publisher.publishPaymentStatus('acme', 'p-9', 'failed', 'Recusado', { overtaken: true })
    const { data } = await service.database.inSystem(tx => tx.selectFrom('events').select('data').where('id', '=', id).executeTakeFirstOrThrow())
    expect(data['overtaken']).toBeUndefined()
  })

  it('takes back the last marking of all only, and only the user\'s own', async () => {
    await invoices(1)
    const [first, last] = [(await ask('POST', `${inbox}/read-all`)).json<ReadAll>(), (await ask('POST', `${inbox}/read-all`)).json<ReadAll>()]
    const undo = (mark: string, who?: string): Promise<Answer> => ask('POST', `/v1/tenants/acme/billing/marks/${mark}/undo`, who)
    expect((await undo(first.mark)).json()).toMatchObject({ status: 422, code: 'unprocessable' })
    expect((await undo(last.mark, 'manager@acme.example')).statusCode).toBe(422)
    expect((await undo(last.mark)).statusCode).toBe(200)
    expect((await undo(last.mark)).statusCode).toBe(422)
  })

  it('has everything unread again that was, after marking all is taken back', async () => {
    const ids = await invoices(230)
    await ask('POST', `${inbox}/${ids[0]}/read`)
    await ask('POST', `${inbox}/${ids[1]}/archive`)
    const { mark } = (await ask('POST', `${inbox}/read-all`)).json<ReadAll>()
    await ask('POST', `${inbox}/${ids[2]}/archive`)
    await invoices(1)
    expect((await ask('POST', `/v1/tenants/acme/billing/marks/${mark}/undo`)).json()).toEqual({ unread: 228 })
    expect((await page('state=archived')).items.map(({ id }) => id)).toEqual([ids[2], ids[1]])
    expect((await page('state=read')).items.map(({ id }) => id)).toEqual([ids[0]])
  })

  it('stands in the order of what happened, whenever it came', async () => {
    for (const day of ['03', '01', '02']) await publisher.publishInvoice('acme', day, 1, 'BRL', { occurredAt: `2026-11-${day}T00:00:00.000Z` })
    const found: unknown[] = []
    for (let next: string | undefined = '', pages = 0; next !== undefined && pages < 4; pages++) {
      const answer: NotificationPage = await page(`limit=1${next && `&before=${next}`}`)
      found.push(answer.items[0]?.data['invoiceId'])
      next = answer.next
    }
    expect(found).toEqual(['03', '02', '01'])
  })

  it('tells the user\'s other devices, and nobody else, in the same transaction', async () => {
    const [id] = await invoices(1)
    await ask('POST', `${inbox}/${id}/read`)
    await ask('POST', `${inbox}/00000000-0000-4000-8000-000000000000/read`)
    const events = await service.database.inSystem(tx => tx.selectFrom('events').select(['channel', 'data']).where('type', '=', 'inbox_changed').orderBy('time', 'desc').execute())
    const { user } = (await ask('GET', '/v1/session')).json<{ user: { id: string } }>()
    expect(events[0]).toEqual({ channel: `user:acme/${user.id}`, data: { inbox: 'billing', state: 'read', ids: [id], unread: 0 } })
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
        for (const table of ['billing_notifications', 'billing_numbers', 'billing_states', 'billing_marks'] as const) await tx.deleteFrom(table).execute()
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

    it('counts a report once that comes twice under an idempotency key', async () => {
      const under = (used: number): Promise<Answer> => service.app.inject({
        method: 'POST', url: '/v1/tenants/acme/usage', payload: { resource: 'seats', used, limit: 1000, period: '2026-11' },
        headers: { 'authorization': `Bearer ${service.keyOf('acme')}`, 'idempotency-key': 'report-1' },
      }).then(answer => answer)
      const first = await under(600)
      expect(first.json()).toMatchObject({ percentage: 60, crossed: [{ threshold: 50, state: 'triggered' }] })
      expect((await report(100, { resource: 'seats' })).json()).toMatchObject({ crossed: [{ threshold: 50, state: 'resolved' }] })
      expect((await under(600)).json()).toEqual(first.json())
      expect((await under(601)).json()).toMatchObject({ status: 409, code: 'idempotency_conflict' })
      expect((await page()).items).toHaveLength(2)
    })

    it('goes by the thresholds that the tenant chose, of the limit or absolute', async () => {
      const url = '/v1/tenants/acme/billing/thresholds'
      const put = (thresholds: object[], who = 'owner@acme.example'): Promise<Answer> => service.app.inject({ method: 'PUT', url, payload: { thresholds }, headers: bearers[who] ?? {} })
      expect((await ask('GET', url)).json()).toMatchObject({ defaults: [50, 80, 90, 100, 120].map(value => ({ unit: 'percent', value })), thresholds: [] })
      expect((await put([{ resource: 'storage', steps: [{ unit: 'absolute', value: 300 }, { unit: 'percent', value: 75 }] }, { steps: [{ unit: 'percent', value: 10 }] }])).statusCode).toBe(200)
      expect((await report(310)).json<UsageReported>().crossed).toEqual([{ threshold: 300, unit: 'absolute', state: 'triggered' }])
      expect((await report(281)).json<UsageReported>().crossed).toEqual([])
      expect((await report(279)).json<UsageReported>().crossed).toEqual([{ threshold: 300, unit: 'absolute', state: 'resolved' }])
      expect((await report(110, { resource: 'users' })).json<UsageReported>().crossed).toEqual([{ threshold: 10, unit: 'percent', state: 'triggered' }])
      expect((await put([{ steps: [{ unit: 'percent', value: 10 }, { unit: 'percent', value: 10 }] }])).json()).toMatchObject({ status: 400, errors: [{ path: 'thresholds.0.steps' }] })
      expect((await put([], 'manager@acme.example')).statusCode).toBe(403)
      expect((await put([], 'owner@globex.example')).statusCode).toBe(404)
      expect((await put([])).statusCode).toBe(200)
    })

    it('is forecast from its last days, period by period', async () => {
      const usage = async (): Promise<BillingRecords['usage']> => (await ask('GET', '/v1/tenants/acme/billing/records')).json<BillingRecords>().usage
      const points = [700, 720, 740].map((used, n) => ({ tenant_id: 'acme', resource: 'storage', period: '2026-11', hour: n, at: new Date(service.now() - (3 - n) * 86_400_000), used }))
      await service.database.inSystem(tx => tx.insertInto('usage_points').values(points).execute())
      await report(760)
      const [storage] = await usage()
      const days = (Date.parse(storage?.fullAt ?? '') - service.now()) / 86_400_000
      expect(Math.abs(days - 12)).toBeLessThan(0.1)
      await report(10, { period: '2026-12' })
      expect(await usage()).toMatchObject([{ resource: 'storage', period: '2026-12', used: 10 }])
      expect((await usage())[0]?.fullAt).toBeUndefined()
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
  it('never says the same thing twice in a row for a threshold, and ends where usage says', () => {
    const step = fc.record({ unit: fc.constantFrom('percent' as const, 'absolute' as const), value: fc.integer({ min: 1, max: 150 }) })
    const ladders = fc.oneof(fc.constant(LADDER), fc.uniqueArray(step, { selector: nameOf, maxLength: 8 }))
    fc.assert(fc.property(ladders, fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 50 }), (ladder, reports) => {
      const said = new Map<string, string>()
      let triggered: string[] = []
      for (const used of reports) {
        const climbed = climb(triggered, { used, limit: 120 }, ladder)
        for (const { threshold, unit, state } of climbed.crossed) {
          const name = nameOf({ unit, value: threshold })
          expect(said.get(name) ?? 'resolved').not.toBe(state)
          said.set(name, state)
        }
        triggered = climbed.triggered
        for (const one of ladder) {
          const reached = one.unit === 'percent' ? used * 100 / 120 >= one.value : used >= one.value
          if (reached) expect(triggered).toContain(nameOf(one))
          if (used * 100 / 120 < percentOf(one, 120) - 2) expect(triggered).not.toContain(nameOf(one))
        }
      }
    }))
  })

  it.each([
    [[], 500, ['triggered 50%']],
    [['50%'], 480, []],
    [['50%'], 479, ['resolved 50%']],
    [['50%'], 1300, ['triggered 80%', 'triggered 90%', 'triggered 100%', 'triggered 120%']],
    [['50%', '80%', '90%'], 0, ['resolved 90%', 'resolved 80%', 'resolved 50%']],
  ])('leads from %j with %d of 1000 to %j', (triggered, used, crossed) => {
    expect(climb(triggered, { used, limit: 1000 }).crossed.map(({ state, threshold, unit }) => `${state} ${nameOf({ unit, value: threshold })}`)).toEqual(crossed)
  })
})

describe('the forecast', () => {
  const day = 86_400_000
  const now = Date.parse('2026-11-20T00:00:00.000Z')
  const line = (days: number, perDay: number): { at: number, used: number }[] => Array.from({ length: days + 1 }, (_, n) => ({ at: now - (days - n) * day, used: 100 + n * perDay }))

  it('tells when a steady growth meets the limit', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 1000 }), (days, perDay, missing) => {
      const points = line(days, perDay)
      const full = forecastFull(points, { limit: (points.at(-1)?.used ?? 0) + missing, now })
      if (missing / perDay > 365) expect(full).toBeUndefined()
      else expect(Math.abs((full ?? 0) - now - missing / perDay * day)).toBeLessThan(60_000)
    }))
  })

  it('looks at the last seven days only', () => {
    const points = [{ at: now - 30 * day, used: 0 }, ...line(6, 0)]
    expect(forecastFull(points, { limit: 1000, now })).toBeUndefined()
  })

  it.each([
    ['nothing is known', [], 100], ['one point is known', line(0, 0), 1000], ['usage falls', line(5, -10), 1000], ['the limit is reached', line(5, 10), 150],
    ['half an hour is known', [{ at: now - day / 48, used: 1 }, { at: now, used: 2 }], 100],
  ])('says nothing when %s', (_case, points, limit) => {
    expect(forecastFull(points, { limit, now })).toBeUndefined()
  })
})
