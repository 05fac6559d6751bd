import { Agent, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
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

it('behind a gateway goes on taking what comes on connections that were kept, and ends each with its answer', async () => {
  const behind = await startService({ isBehindGateway: true })
  try {
    await behind.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = behind.app.server.address() as AddressInfo
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const publish = (): Promise<IncomingMessage> => new Promise((resolve, reject) => {
      request({ agent, host: '127.0.0.1', port, method: 'POST', path: '/v1/events', headers: { 'authorization': `Bearer ${behind.keyOf('acme')}`, 'content-type': 'application/json' } }, answer => {
        answer.resume().once('end', () => { resolve(answer) })
      }).once('error', reject).end(JSON.stringify({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'm' } }))
    })
    const said = ({ statusCode, headers }: IncomingMessage): unknown[] => [statusCode, headers.connection]
    expect(said(await publish())).toEqual([201, 'keep-alive'])
    const closing = behind.close()
    expect(said(await publish())).toEqual([201, 'close'])
    await closing
    await expect(publish()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    agent.destroy()
  } finally {
    await behind.database.close()
  }
})
