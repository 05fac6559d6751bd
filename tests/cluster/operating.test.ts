/** What operators do and see: parts restart one after the other, and a node that delivers nothing is found although it looks well. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres } from '@neo-stack/event-service'
import { problemSchema } from '@neo-stack/events'
import { findFreePort, openRawSocket, startPlatform, until } from '@neo-stack/testing'
import { platformMain } from '../paths.ts'
import { keyOf, startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'
import { startTraffic } from './traffic.ts'

describe.skipIf(isLeftOut)('a running cluster', () => {
  let cluster: Cluster
  beforeAll(async () => { cluster = await startCluster() })
  afterAll(async () => { await cluster?.stop() })

  test('restarts both services and both nodes under load: nothing lost, nothing doubled, each publish answered 201', async () => {
    const traffic = await startTraffic(cluster, 40)
    await traffic.isGreen(30_000)
    traffic.takeOutcomes()
    for (const name of ['event-service-1', 'event-service-2', 'centrifugo-1', 'centrifugo-2']) {
      const { pid, url } = await cluster.part(name)
      process.kill(pid, 'SIGTERM')
      await until(async () => (await cluster.part(name)).pid !== pid, { timeoutMs: 30_000, everyMs: 100, what: `${name} to be another process` })
      if (name.startsWith('event-service')) await until(async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: 30_000, everyMs: 100, what: `${name} to be ready` })
      await traffic.isGreen(30_000)
    }
    await traffic.stop()
    expect(traffic.faults()).toEqual([])
    // Neither refused nor left without an answer: what deploy/README.md still excepts, between a last look and the port's end, is met by none of so few.
    expect(traffic.takeOutcomes().filter(({ status }) => status !== 201)).toEqual([])
  })

  test('says within 15 s that nothing is delivered although every socket stays open, and by itself that it is again', async () => {
    const services = await Promise.all(['event-service-1', 'event-service-2'].map(name => cluster.part(name)))
    const health = async (url: string): Promise<{ status: number, delivery: string[] }> => {
      const answer = await fetch(`${url}/readyz`)
      const { parts } = await answer.json() as { parts: { delivery: Record<string, string> } }
      return { status: answer.status, delivery: Object.values(parts.delivery) }
    }
    const onMetrics = async (url: string): Promise<string[]> => [...(await fetch(`${url}/metrics`).then(answer => answer.text())).matchAll(/^delivery_canary_ok\{node="[^"]+"\} (\d)$/gm)].map(([, value = '']) => value)
    const isEverywhere = (state: string) => async (): Promise<boolean> => (await Promise.all(services.map(({ url }) => health(url)))).every(({ delivery }) => delivery.length === 2 && delivery.every(one => one === state))
    await until(isEverywhere('ok'), { timeoutMs: 30_000, everyMs: 100, what: 'delivery everywhere' })
    for (const { url } of services) expect(await onMetrics(url)).toEqual(['1', '1'])
    const { rest } = cluster.service('acme')
    const sockets = await Promise.all(['centrifugo-1', 'centrifugo-2'].map(async name => {
      const socket = await openRawSocket((await cluster.part(name)).url)
      expect(await socket.ask({ connect: { token: (await rest.realtime.connectionToken()).token } })).toHaveProperty('connect')
      return socket
    }))
    // Nodes may publish, and hear nothing any more.
    const subscribing = ['subscribe', 'psubscribe', 'ssubscribe']
    await cluster.askRedis('ACL', 'SETUSER', 'centrifugo', ...subscribing.map(command => `-${command}`))
    await cluster.askRedis('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const since = performance.now()
    await until(isEverywhere('stopped'), { timeoutMs: 20_000, everyMs: 100, what: 'the canaries to notice' })
    expect(performance.now() - since).toBeLessThan(15_000)
    for (const { url } of services) expect(await onMetrics(url)).toEqual(['0', '0'])
    const statuses = await Promise.all(services.map(({ url }) => health(url).then(({ status }) => status)))
    expect(statuses).toEqual([200, 200])
    await rest.events.publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'Nobody hears it yet' } })
    expect(sockets.map(({ closed }) => closed)).toEqual([undefined, undefined])
    await cluster.askRedis('ACL', 'SETUSER', 'centrifugo', ...subscribing.map(command => `+${command}`))
    await until(isEverywhere('ok'), { timeoutMs: 30_000, everyMs: 100, what: 'delivery everywhere again' })
    for (const socket of sockets) socket.close()
  })

  test('answers for its services while neither takes a request: 503 as a problem, which nobody takes for written, and by itself again when they are back', async () => {
    const names = ['event-service-1', 'event-service-2']
    const publish = (message = 'To nobody'): Promise<Response> => fetch(`${cluster.url}/v1/events`, { method: 'POST', body: JSON.stringify({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message } }), headers: { 'authorization': `Bearer ${keyOf(cluster.demo, 'acme')}`, 'content-type': 'application/json', 'x-request-id': 'to-nobody' } })
    await Promise.all(names.map(name => cluster.signal(name, 'SIGKILL')))
    const answers = await Promise.all([publish(), fetch(`${cluster.url}/v1/session`, { headers: { 'x-request-id': 'to-nobody' } })])
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([503, 'application/problem+json', '1'])
      expect(problemSchema.parse(await answer.json())).toMatchObject({ status: 503, code: 'unavailable', requestId: 'to-nobody' })
    }
    await until(async () => (await publish('To somebody')).status === 201, { timeoutMs: 60_000, everyMs: 100, what: 'a publish that is taken' })
    const { events } = await cluster.service('acme').rest.events.history({ channel: 'tenant:acme:alerts', limit: 1000 })
    expect(events.filter(({ data }) => data['message'] === 'To nobody')).toEqual([])
  })

  test('takes over an installation of one process with one command: its log and numbers, its passwords, and who is signed in', async () => {
    await using former = await startPlatform({ main: platformMain })
    const { users, apiKeys } = await former.demo()
    const key = apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? ''
    const { email, password } = users.find(({ tenantId, role }) => tenantId === 'acme' && role === 'member') ?? { email: '', password: '' }
    const ask = async (url: string, path: string, bearer: string, body?: object): Promise<{ status: number, said: Record<string, unknown> }> => {
      const answer = await fetch(url + path, { ...body && { method: 'POST', body: JSON.stringify(body) }, headers: { ...bearer && { authorization: `Bearer ${bearer}` }, ...body && { 'content-type': 'application/json' } } })
      return { status: answer.status, said: await answer.json() as Record<string, unknown> }
    }
    const publish = (url: string, message: string): ReturnType<typeof ask> => ask(url, '/v1/events', key, { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message } })
    const history = '/v1/history?channel=tenant:acme:alerts&limit=1000'
    const { said: { accessToken } } = await ask(former.url, '/v1/session', '', { email, password })
    for (let n = 0; n < 20; n++) expect(await publish(former.url, `Before ${n}`)).toMatchObject({ status: 201 })
    const { said: log } = await ask(former.url, history, key)
    expect(log['events']).toHaveProperty('length', log['seq'])
    await former.terminate()

    const owner = await cluster.databaseUrl()
    const database = await openPostgres({ url: owner, connections: 1 })
    await database.jobs.executeSql('create database moved')
    await database.close()
    const to = owner.replace(/neo$/, 'moved')
    const { stdout } = await promisify(execFile)(process.execPath, [platformMain, 'migrate', '--to', to], { env: { NEO_DATA_DIR: former.dataDir } })
    expect(stdout).toMatch(/Moved \d+ rows of \d+ tables; each is the same on both sides\./)

    const { PORT: _port, NEO_DATA_DIR: _folder, ...settings } = await cluster.settings('event-service-1')
    const port = await findFreePort()
    await using service = await startPlatform({ main: platformMain, port, env: { ...settings, NEO_DEMO: '0', NEO_PUBLIC_URL: `http://127.0.0.1:${port}`, DATABASE_URL: to } })
    const { said: moved } = await ask(service.url, history, key)
    expect(moved['logEpoch']).toBe(log['logEpoch'])
    expect(moved['events']).toEqual(expect.arrayContaining(log['events'] as object[]))
    expect((await ask(service.url, '/v1/session', String(accessToken))).status).toBe(200)
    expect((await ask(service.url, '/v1/session', '', { email, password })).status).toBe(200)
    expect(await publish(service.url, 'After')).toMatchObject({ status: 201, said: { seq: Number(moved['seq']) + 1 } })
  })
})
