import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSilentRealtime, startService, type TestService } from './service.ts'

let service: TestService
let closed: () => void = () => undefined
const order: string[] = []
beforeAll(async () => {
  const realtime = { ...createSilentRealtime(), close: () => {
    order.push('sockets told')
    return new Promise<void>(resolve => { closed = resolve })
  } }
  service = await startService({ realtime })
})
afterAll(() => service.database.close())

it('is not ready at once, tells clients, finishes what is in flight, then closes for good', async () => {
  const key = { authorization: `Bearer ${service.keyOf('acme')}` }
  const alert = { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'm' } }
  const inFlight = service.app.inject({ method: 'POST', url: '/v1/events', payload: alert, headers: key })
  const closing = service.close().then(() => order.push('closed'))
  expect(service.close()).toBe(service.close())
  expect((await service.app.inject({ url: '/readyz' })).statusCode).toBe(503)
  expect((await inFlight).statusCode).toBe(201)
  closed()
  await closing
  expect(order).toEqual(['sockets told', 'closed'])
  await expect(service.publishAs({ type: 'system', id: 'late' })({ ...alert, type: 'alert', data: { severity: 'info', message: 'm' } })).rejects.toMatchObject({ code: 'unavailable' })
  expect(await service.database.inTenant('acme', tx => tx.selectFrom('events').select('seq').where('channel', '=', alert.channel).execute())).toEqual([{ seq: 1 }])
})
