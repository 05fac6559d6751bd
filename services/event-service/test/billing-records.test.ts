import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BillingPublisher, type BillingRecords } from '@neo-stack/events'
import { mergeFields, recordOf, type Fields, type Said } from '../src/billing/merge.ts'
import { startService, type TestService } from './service.ts'

/** What a set of events leaves behind. */
function standing(events: readonly Said[]): Record<string, Fields> {
  const records: Record<string, Fields> = {}
  for (const event of events) {
    const record = recordOf(event)
    if (record) records[`${record.kind} ${record.id}`] = mergeFields(records[`${record.kind} ${record.id}`] ?? {}, event)
  }
  return records
}

/** 32-bit linear congruential numbers below 1: the same each time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

describe('what billing stands at', () => {
  it('is the same for 20,000 events in order, or shuffled, tripled and partly late', () => {
    const random = createRandom(7)
    const types = ['billing_invoice', 'billing_payment', 'billing_subscription', 'billing_plan_change'] as const
    const events = Array.from({ length: 20_000 }, (_, n): Said => {
      const subject = `s-${Math.floor(random() * 3000)}`
      const late = random() < 0.01 ? 86_400_000 : 0
      return {
        id: `e-${String(n).padStart(6, '0')}`, type: types[n % 4] ?? '', time: new Date(1_800_000_000_000 + n * 1000 + late).toISOString(),
        data: {
          invoiceId: subject, paymentId: subject, subscriptionId: subject, status: ['pending', 'failed', 'completed', 'cancelled'][Math.floor(random() * 4)],
          ...random() < 0.5 && { amountMinor: n }, occurredAt: new Date(1_800_000_000_000 + n * 1000).toISOString(),
        },
      }
    })
    const shuffled = [...events, ...events, ...events].map(event => ({ event, place: random() })).sort((a, b) => a.place - b.place).map(({ event }) => event)
    expect(standing(shuffled)).toEqual(standing(events))
  })

  it('keeps paid what was paid, whatever comes afterwards', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('pending', 'failed', 'cancelled'), fc.nat(1000)), { maxLength: 10 }), others => {
      const toSaid = (status: string, at: number, n: number): Said =>
        ({ id: `e-${n}`, type: 'billing_payment', time: '2026-01-01T00:00:00.000Z', data: { paymentId: 'p', status, occurredAt: new Date(at * 1000).toISOString() } })
      const events = [...others.map(([status, at], n) => toSaid(status, at, n)), toSaid('completed', 500, 99)]
      for (const order of [events, events.toReversed()]) expect(standing(order)['payment p']?.['status']?.value).toBe('completed')
    }))
  })

  describe('over HTTP', () => {
    let service: TestService
    beforeAll(async () => { service = await startService() })
    afterAll(() => service.stop())
    const read = async (who: string): Promise<{ statusCode: number, json: () => BillingRecords }> =>
      service.app.inject({ method: 'GET', url: '/v1/tenants/acme/billing/records', headers: await service.bearer(who) })

    it('tells plan, open invoices, payments and usage', async () => {
      const publisher = new BillingPublisher(service.publishAs({ type: 'service', id: 'billing' }))
      await publisher.publishPlanChange('acme', 'Pro', { previousPlan: 'Basic' })
      await publisher.publishInvoice('acme', 'inv-1', 100, 'BRL', { dueAt: '2026-12-01T00:00:00.000Z' })
      await publisher.publishInvoice('acme', 'inv-2', 200, 'JPY')
      await publisher.publishPaymentStatus('acme', 'pay-1', 'completed', 'Pago', { invoiceId: 'inv-1', occurredAt: '2026-11-02T00:00:00.000Z' })
      await publisher.publishPaymentStatus('acme', 'pay-1', 'failed', 'Recusado', { occurredAt: '2026-11-01T00:00:00.000Z' })
      await service.app.inject({
        method: 'POST', url: '/v1/tenants/acme/usage', payload: { resource: 'storage', used: 250, limit: 1000, period: '2026-11' },
        headers: { authorization: `Bearer ${service.keyOf('acme')}` },
      })
      const records = (await read('manager@acme.example')).json()
      expect(records).toMatchObject({ plan: 'Pro', planChanges: [{ previousPlan: 'Basic' }], usage: [{ resource: 'storage', percentage: 25 }] })
      expect(records.openInvoices).toMatchObject([{ id: 'inv-2', amountMinor: 200, currency: 'JPY', status: 'pending' }])
      expect(records.invoices).toMatchObject([{ id: 'inv-2' }, { id: 'inv-1', amountMinor: 100 }])
      expect(records.payments).toMatchObject([{ id: 'pay-1', status: 'completed', message: 'Pago' }])
    })

    it('tells nothing to whoever may not read billing', async () => {
      expect((await read('viewer@acme.example')).statusCode).toBe(403)
      expect((await read('owner@globex.example')).statusCode).toBe(404)
    })

    it('finds notifications by words and type', async () => {
      const find = async (query: string): Promise<number> => {
        const answer = await service.app.inject({ method: 'GET', url: `/v1/tenants/acme/billing/notifications?${query}`, headers: await service.bearer('owner@acme.example') })
        return answer.json<{ items: unknown[] }>().items.length
      }
      expect(await find('q=INV-2%20fatura')).toBe(1)
      expect(await find('q=inv%25')).toBe(0)
      expect(await find('type=billing_payment')).toBe(2)
    })
  })
})
