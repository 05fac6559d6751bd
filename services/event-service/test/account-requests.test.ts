import { generateKeyPairSync } from 'node:crypto'
import type { PgBoss } from 'pg-boss'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeploymentPublisher, type DeploymentAccepted } from '@neo-stack/events'
import { askDriver } from '../src/deployments/ask-driver.ts'
import { createSealedRequests } from '../src/deployments/sealed-requests.ts'
import { startService, type TestService } from './service.ts'

const instance = { tenantId: 'acme', instanceId: 'shop', instanceType: 'odoo', config: {} }

describe('the account of an instance, asked of a deployer in another process', () => {
  let service: TestService
  let owner: { authorization: string }
  beforeAll(async () => {
    service = await startService({ readAccount: 'elsewhere', readInstanceLog: 'elsewhere' })
    owner = await service.bearer('owner@acme.example')
  })
  afterAll(() => service.stop())

  const ask = async (instanceId: string): Promise<{ statusCode: number, body: object }> => {
    const { statusCode, body } = await service.app.inject({ method: 'POST', url: `/v1/tenants/acme/instances/${instanceId}/initial-password`, headers: owner })
    return { statusCode, body: JSON.parse(body) as object }
  }
  const deploy = async (instanceId: string): Promise<void> => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', payload: { instanceType: 'odoo', instanceId }, headers: owner })
    const { deploymentId } = answer.json<DeploymentAccepted>()
    await new DeploymentPublisher(service.publishAs({ type: 'service', id: 'worker' })).publishCompletion('acme', deploymentId, 'https://shop.example')
  }

  it('is not to be had while no deployer answers, and the question does not stay', async () => {
    const { ask: askShortly } = createSealedRequests(service.jobs.boss, { queue: 'instance-accounts', patienceMs: 200 })
    await expect(askShortly(instance)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await service.jobs.boss.findJobs('instance-accounts')).toEqual([])
  })

  it('is derived there, and shown to who may see it', async () => {
    await service.jobs.accounts.answer(({ instanceId }) => Promise.resolve(instanceId === 'unreal' ? undefined : { user: 'ada', password: `derived-for-${instanceId}` }))
    await deploy('shop')
    await deploy('unreal')
    expect(await ask('shop')).toEqual({ statusCode: 200, body: { user: 'ada', password: 'derived-for-shop' } })
    expect(await ask('unreal')).toMatchObject({ statusCode: 422 })
    expect(await service.jobs.boss.findJobs('instance-accounts')).toEqual([])
  })

  it('is asked for as what its services print is', async () => {
    const asked: unknown[] = []
    await service.jobs.instanceLogs.answer(question => {
      asked.push(question)
      return Promise.resolve(question.instanceId === 'unreal' ? undefined : { services: ['web'], lines: [{ service: 'web', stream: 'stdout' as const, time: 1, text: 'listening' }] })
    })
    const read = async (instanceId: string, query = ''): Promise<Awaited<ReturnType<TestService['app']['inject']>>> => service.app.inject({ url: `/v1/tenants/acme/instances/${instanceId}/logs${query}`, headers: owner })
    expect((await read('shop', '?limit=5&service=web')).json()).toEqual({ services: ['web'], lines: [{ service: 'web', stream: 'stdout', time: 1, text: 'listening' }] })
    expect(asked).toMatchObject([{ tenantId: 'acme', instanceId: 'shop', instanceType: 'odoo', wanted: { limit: 5, service: 'web' } }])
    expect((await read('unreal')).statusCode).toBe(422)
    expect((await read('nowhere')).statusCode).toBe(404)
    expect(await service.jobs.boss.findJobs('instance-logs')).toEqual([])
  })

  it('is unavailable where what the instance runs on does not answer in time', async () => {
    await deploy('late')
    const key = { tenantId: 'acme', instanceId: 'late' }
    const failing = (error: Error): Promise<unknown> => askDriver({ database: service.database, read: () => Promise.reject(error) }, key)
    await expect(failing(new DOMException('too late', 'TimeoutError'))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(failing(new TypeError('a fault'))).rejects.toThrow('a fault')
    const never = new Promise<never>(() => undefined)
    await expect(askDriver({ database: service.database, read: () => never, patienceMs: 50 }, key)).rejects.toMatchObject({ code: 'unavailable' })
    const hung = { ...service.database, inTenant: () => never }
    await expect(askDriver({ database: hung, read: () => Promise.resolve(1), patienceMs: 50 }, key)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is not waited for by the next one where the queue could not be opened in time', async () => {
    const opened: (() => void)[] = []
    const boss = { ...service.jobs.boss, createQueue: () => new Promise<void>(resolve => { opened.push(resolve) }) } as unknown as PgBoss
    const hanging = createSealedRequests(boss, { queue: 'hung-at-start', patienceMs: 50 })
    for (const tries of [1, 2]) {
      await expect(hanging.ask(instance)).rejects.toMatchObject({ code: 'unavailable' })
      expect(opened).toHaveLength(tries)
    }
  })

  it('is waited for no longer because the queue was slow to open', async () => {
    let time = 0
    let looks = 0
    const { boss } = service.jobs
    const slow = {
      createQueue: async (...given: Parameters<PgBoss['createQueue']>) => {
        await boss.createQueue(...given)
        time += 90_000
      },
      findJobs: (...given: Parameters<PgBoss['findJobs']>) => {
        looks++
        time += 5000
        return boss.findJobs(...given)
      },
      send: boss.send.bind(boss), deleteJob: boss.deleteJob.bind(boss),
    } as unknown as PgBoss
    await expect(createSealedRequests(slow, { queue: 'slow-to-open', patienceMs: 100_000, now: () => time }).ask(instance)).rejects.toMatchObject({ code: 'unavailable' })
    expect(looks).toBe(2)
    expect(await boss.findJobs('slow-to-open')).toEqual([])
  })

  it('is answered while questions of another tenant hang', async () => {
    const ask = createSealedRequests<{ tenantId: string, n: number }, number>(service.jobs.boss, { queue: 'hanging', patienceMs: 30_000 })
    const hung = Promise.withResolvers<number>()
    const begun: number[] = []
    await ask.answer(({ tenantId, n }) => {
      if (tenantId === 'other') return Promise.resolve(n)
      begun.push(n)
      return hung.promise
    })
    const hanging = [1, 2, 3, 4, 5].map(n => ask.ask({ tenantId: 'acme', n }))
    await expect.poll(() => begun.length, { timeout: 20_000 }).toBe(2)
    expect(await ask.ask({ tenantId: 'other', n: 9 })).toBe(9)
    expect(begun).toHaveLength(2)
    hung.resolve(0)
    expect(await Promise.all(hanging)).toEqual([0, 0, 0, 0, 0])
  }, 60_000)

  it('passes through the database in a form that only who asked can read', async () => {
    const publicKey = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64url')
    const id = await service.jobs.boss.send('instance-accounts', { ...instance, publicKey })
    const find = async (): Promise<{ state: string, output: unknown } | undefined> => (await service.jobs.boss.findJobs('instance-accounts', { id: id ?? '' }))[0]
    await expect.poll(async () => (await find())?.state, { timeout: 8000 }).toBe('completed')
    const stored = JSON.stringify((await find())?.output)
    expect(stored).toContain('sealed')
    expect(stored).not.toContain('derived-for-shop')
    expect(stored).not.toContain(Buffer.from('derived-for').toString('base64url').slice(0, 12))
  })
})
