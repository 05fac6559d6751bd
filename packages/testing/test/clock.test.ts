import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Client } from '@neo-stack/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClock, createTestPlatform, triggerWebhook, until, webhookFixtures, type TestPlatform } from '../src/index.ts'

const HOUR = 3_600_000

describe('a platform whose clock is moved on', () => {
  const clock = createTestClock()
  let platform: TestPlatform
  beforeAll(async () => {
    platform = await createTestPlatform({
      clock, speed: 0.01, outbound: { protocols: ['http:'], ports: 'any', isAllowed: address => address === '127.0.0.1' },
    })
  }, 60_000)
  afterAll(() => platform?.stop())

  const people = new Map<string, Promise<Client>>()
  const ask = async (role: 'member' | 'manager', method: string, path: string, body?: object): Promise<unknown> => {
    const client = people.get(role) ?? platform.client(role)
    people.set(role, client)
    const { session } = await client
    const answer = await fetch(`${platform.url}/v1/tenants/acme/${path}`, {
      method, headers: { authorization: `Bearer ${await session.getAccessToken() ?? ''}`, ...body && { 'content-type': 'application/json' } }, ...body && { body: JSON.stringify(body) },
    })
    if (!answer.ok) throw new Error(await answer.text())
    return await answer.json()
  }

  it('webhooks are signed at its time', async () => {
    const source = await platform.webhookSource('acme')
    clock.advance(HOUR)
    expect(await triggerWebhook(source, webhookFixtures.invoice())).toMatchObject({ status: 200 })
    expect((await triggerWebhook(source, webhookFixtures.payment(), { at: Date.now() })).body).toMatchObject({ code: 'signature_expired' })
  })

  it('whoever says nothing is offline once their time has passed', async () => {
    const statuses = async (): Promise<unknown> => (await ask('manager', 'GET', 'presence') as { users: { userName: string, status: string }[] }).users.map(({ status }) => status)
    await ask('member', 'PUT', 'presence/me/tab-1', { currentPage: '/deployments', hidden: false })
    await expect(statuses()).resolves.toEqual(['online'])
    clock.advance(80_000)
    await until(async () => JSON.stringify(await statuses()) === '["offline"]')
  })

  it('a receiver of alerts that fails is tried again hours later', async () => {
    const arrived: IncomingHttpHeaders[] = []
    const server = createServer((request, response) => {
      arrived.push(request.headers)
      response.writeHead(arrived.length < 3 ? 500 : 204).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await ask('manager', 'POST', 'alert-channels', { kind: 'webhook', name: 'On call', target: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await platform.service('acme').rest.events.publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'critical', message: 'Disk full' } })
    for (let tries = 1; tries <= 3; tries++) {
      clock.advance(HOUR)
      await until(() => arrived.length === tries, { timeoutMs: 10_000 })
      await until(async () => (await ask('manager', 'GET', 'alert-deliveries') as { deliveries: { attempts: number }[] }).deliveries[0]?.attempts === tries)
    }
    expect(await ask('manager', 'GET', 'alert-deliveries')).toMatchObject({ deliveries: [{ state: 'sent', attempts: 3 }] })
    const [first, , third] = arrived.map(headers => Number(headers['webhook-timestamp']))
    expect((third ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(2 * HOUR / 1000)
    server.close()
  }, 40_000)

  it('a deployment that takes hours ends within seconds', async () => {
    const { rest } = platform.service('acme')
    const startedAt = clock.now()
    const { deploymentId } = await rest.deployments.create('acme', { instanceType: 'odoo' })
    const isCompleted = async (): Promise<boolean> => {
      // Each jump ends one pause; what is waited for next begins after it.
      clock.advance(HOUR / 30)
      return (await rest.deployments.get('acme', deploymentId)).deployment.status === 'completed'
    }
    await until(isCompleted, { timeoutMs: 30_000 })
    expect(clock.now() - startedAt).toBeGreaterThan(HOUR)
  }, 40_000)

  it('a wait that is called off ends with the reason and rings no more', async () => {
    const own = createTestClock()
    const calling = new AbortController()
    const waiting = own.sleep(HOUR, calling.signal)
    calling.abort(new Error('called off'))
    await expect(waiting).rejects.toThrow('called off')
    await expect(own.sleep(HOUR, calling.signal)).rejects.toThrow('called off')
    const other = own.sleep(HOUR)
    own.advance(HOUR)
    await expect(other).resolves.toBeUndefined()
  })
})
