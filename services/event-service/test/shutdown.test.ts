import { stat } from 'node:fs'
import { Agent, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { closeServer, createApp } from '../src/plugins/server.ts'
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

/** Asks over a connection that is kept and over three new ones when it is told to, while the thread of the service does nothing. */
const CALLER = `
  const { connect } = require('node:net')
  const { parentPort, workerData: { port, sent } } = require('node:worker_threads')
  const request = 'GET /livez HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n'
  const open = (name, onOpen) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => onOpen(socket)).on('data', bytes => { text += bytes }).on('error', () => {}).on('close', () => parentPort.postMessage([name, text.split('HTTP/1.1 ').slice(1).map(answer => answer.slice(0, 3))]))
    return socket
  }
  open('kept', kept => {
    kept.write(request)
    kept.once('data', () => parentPort.postMessage('ready'))
    parentPort.once('message', () => {
      let waiting = 3
      const told = () => { if (--waiting === 0) kept.write(request, () => { Atomics.store(sent, 0, 1); Atomics.notify(sent, 0) }) }
      for (const name of ['first', 'second', 'third']) open(name, socket => socket.write(request, told))
    })
  })`

it('answers what has come already, on a connection that was kept or on several new ones, although it is busy in the moment it stops listening', async () => {
  const app = createApp(undefined)
  app.get('/livez', () => ({ status: 'ok' }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const sent = new Int32Array(new SharedArrayBuffer(4))
  const caller = new Worker(CALLER, { eval: true, workerData: { port: (app.server.address() as AddressInfo).port, sent } })
  const told: unknown[] = []
  caller.on('message', message => { told.push(message) })
  await vi.waitFor(() => { expect(told).toEqual(['ready']) }, 10_000)
  caller.postMessage('go')
  // As after the last answer of a database: this turn of the loop reads no more.
  await new Promise<void>((resolve, reject) => {
    stat('.', () => {
      Atomics.wait(sent, 0, 0, 10_000)
      closeServer(app).then(resolve, reject)
    })
  })
  await vi.waitFor(() => { expect(told).toHaveLength(5) }, 10_000)
  expect(told.slice(1)).toEqual(expect.arrayContaining([['kept', ['200', '200']], ['first', ['200']], ['second', ['200']], ['third', ['200']]]))
  await caller.terminate()
})
