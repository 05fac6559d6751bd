import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEPLOYMENT_QUEUE, DeploymentPublisher, type Deployment, type DeploymentAccepted, type DeploymentList, type Instance } from '@neo-stack/events'
import { createCommands } from '../src/deployments/commands.ts'
import { toJobId } from '../src/deployments/identifiers.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const url = '/v1/tenants/acme/deployments'

describe('deployments', () => {
  let service: TestService
  let member: { authorization: string }
  let publisher: DeploymentPublisher
  beforeAll(async () => {
    service = await startService()
    member = await service.bearer('member@acme.example')
    publisher = new DeploymentPublisher(service.publishAs({ type: 'service', id: 'worker' }))
  })
  afterAll(() => service.stop())

  const post = (path: string, payload: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: path, payload, headers: { ...member, ...headers } })
  const get = (path: string): Promise<Answer> => service.app.inject({ url: path, headers: member })
  const deploy = async (payload: object): Promise<DeploymentAccepted> => {
    const answer = await post(url, payload)
    expect(answer.statusCode, answer.body).toBe(202)
    return answer.json<DeploymentAccepted>()
  }
  const read = async (deploymentId: string): Promise<Deployment> => (await get(`${url}/${deploymentId}`)).json<{ deployment: Deployment }>().deployment
  const jobOf = async (deploymentId: string): Promise<{ state: string, data: object, singletonKey: string | null } | undefined> =>
    (await service.jobs.boss.findJobs<object>(DEPLOYMENT_QUEUE, { id: toJobId('acme', deploymentId) }))[0]

  it('queues a deployment: its row, its event and its job', async () => {
    const accepted = await deploy({ instanceType: 'odoo', name: 'Loja São João', config: { version: '18' } })
    expect(accepted.instanceId).toBe('loja-sao-joao')
    expect(accepted.deploymentId).toMatch(/^odoo-[0-9a-z]{13}$/)
    expect(await read(accepted.deploymentId)).toMatchObject({ ...accepted, instanceType: 'odoo', name: 'Loja São João', kind: 'create', status: 'queued', progress: 0, logLines: 0 })
    expect(await jobOf(accepted.deploymentId)).toMatchObject({
      state: 'created', singletonKey: 'acme/loja-sao-joao', data: { ...accepted, tenantId: 'acme', instanceType: 'odoo', kind: 'create', config: { version: '18' } },
    })
    const instances = (await get('/v1/tenants/acme/instances')).json<{ instances: Instance[] }>().instances
    expect(instances).toContainEqual(expect.objectContaining({ ...accepted, name: 'Loja São João', status: 'queued', instanceType: 'odoo' }))
  })

  it('leaves neither row nor job when the transaction fails', async () => {
    const failing = createCommands({ ...service, jobs: { ...service.jobs, send: async (tx, job) => {
      await service.jobs.send(tx, job)
      throw new Error('after the job')
    } } })
    await expect(failing.create({ tenantId: 'acme', actor: { type: 'user', id: 'u' } }, { instanceType: 'odoo', instanceId: 'never', config: {} })).rejects.toThrow('after the job')
    expect((await get(`${url}?instanceId=never`)).json<DeploymentList>().deployments).toEqual([])
    expect(await service.jobs.boss.findJobs(DEPLOYMENT_QUEUE, { key: 'acme/never' })).toEqual([])
  })

  it('answers 64 parallel requests under one key with one deployment', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => post(url, { instanceType: 'netbox', name: 'One' }, { 'idempotency-key': 'one' })))
    expect(new Set(answers.map(answer => answer.body)).size).toBe(1)
    const { instanceId } = answers[0]?.json<DeploymentAccepted>() ?? { instanceId: '' }
    expect((await get(`${url}?instanceId=${instanceId}`)).json<DeploymentList>().deployments).toHaveLength(1)
    expect((await post(url, { instanceType: 'netbox', name: 'Other' }, { 'idempotency-key': 'one' })).json()).toMatchObject({ code: 'idempotency_conflict' })
  })

  it('gives commands of one name at once an instance each', async () => {
    const accepted = await Promise.all(Array.from({ length: 8 }, () => deploy({ instanceType: 'odoo', name: 'Same' })))
    expect(new Set(accepted.map(one => one.instanceId)).size).toBe(8)
  })

  it('deploys an instance again that exists, after the one before, and refuses another type', async () => {
    await deploy({ instanceType: 'wazuh', instanceId: 'siem' })
    const second = await deploy({ instanceType: 'wazuh', instanceId: 'siem' })
    expect(await read(second.deploymentId)).toMatchObject({ kind: 'redeploy', name: 'siem' })
    const [first] = await service.jobs.boss.findJobs<object>(DEPLOYMENT_QUEUE, { key: 'acme/siem' })
    expect(first).toMatchObject({ policy: 'key_strict_fifo' })
    const refused = await post(url, { instanceType: 'odoo', instanceId: 'siem' })
    expect(refused.statusCode).toBe(422)
    expect(refused.json()).toMatchObject({ code: 'unprocessable', errors: [{ path: 'instanceType' }] })
  })

  it('takes a queued deployment out of the queue when it is cancelled, and cancels once', async () => {
    const { deploymentId } = await deploy({ instanceType: 'odoo' })
    expect((await post(`${url}/${deploymentId}/cancel`)).statusCode).toBe(202)
    expect(await jobOf(deploymentId)).toMatchObject({ state: 'cancelled' })
    expect(await read(deploymentId)).toMatchObject({ status: 'cancelled', finishedAt: expect.any(String) as string })
    expect((await post(`${url}/${deploymentId}/cancel`)).json()).toMatchObject({ status: 409, code: 'deployment_finished' })
  })

  it('leaves the job of a running deployment to its worker', async () => {
    const { deploymentId } = await deploy({ instanceType: 'odoo' })
    await publisher.publishStart('acme', deploymentId, 'odoo')
    expect((await post(`${url}/${deploymentId}/cancel`)).statusCode).toBe(202)
    expect(await jobOf(deploymentId)).toMatchObject({ state: 'created' })
    await expect(publisher.publishProgress('acme', deploymentId, 10, 'late')).rejects.toMatchObject({ code: 'deployment_finished', status: 409 })
  })

  it('retries what failed on the same instance with the same configuration', async () => {
    const first = await deploy({ instanceType: 'odoo', config: { version: '17' } })
    expect((await post(`${url}/${first.deploymentId}/retry`)).statusCode).toBe(422)
    await publisher.publishError('acme', first.deploymentId, 'no space', { messageKey: 'disk_full' })
    const again = (await post(`${url}/${first.deploymentId}/retry`, {}, { 'idempotency-key': 'again' })).json<DeploymentAccepted>()
    expect(again).toMatchObject({ instanceId: first.instanceId })
    expect(again.deploymentId).not.toBe(first.deploymentId)
    expect(await jobOf(again.deploymentId)).toMatchObject({ data: { kind: 'create', config: { version: '17' } } })
    expect((await post(`${url}/${first.deploymentId}/retry`, {}, { 'idempotency-key': 'again' })).json()).toEqual(again)
  })

  it('retries in the step that failed last, and from the beginning once something else happened since', async () => {
    const fail = async (deploymentId: string, step: string): Promise<void> => {
      await publisher.publishProgress('acme', deploymentId, 60, 'here', { step, params: { service: 'odoo', port: 8069 } })
      await publisher.publishError('acme', deploymentId, 'no port', { messageKey: 'port_in_use', params: { port: 8069 } })
    }
    const retry = async (deploymentId: string): Promise<DeploymentAccepted> => (await post(`${url}/${deploymentId}/retry`)).json<DeploymentAccepted>()
    const first = await deploy({ instanceType: 'odoo' })
    await fail(first.deploymentId, 'start_service')
    const second = await retry(first.deploymentId)
    expect(await jobOf(second.deploymentId)).toMatchObject({ data: { earlier: [first.deploymentId], from: { step: 'start_service', service: 'odoo' } } })
    await fail(second.deploymentId, 'check_health')
    const late = await retry(first.deploymentId)
    expect((await jobOf(late.deploymentId))?.data).toMatchObject({ earlier: [second.deploymentId, first.deploymentId] })
    expect((await jobOf(late.deploymentId))?.data).not.toHaveProperty('from')
  })

  it('makes anew without going on where somebody deploys on a name that failed', async () => {
    const first = await deploy({ instanceType: 'odoo' })
    await publisher.publishError('acme', first.deploymentId, 'no space')
    const second = await deploy({ instanceType: 'odoo', instanceId: first.instanceId })
    expect(await jobOf(second.deploymentId)).toMatchObject({ data: { kind: 'create', earlier: [first.deploymentId] } })
  })

  it('retries a creation as a redeploy when the instance stands meanwhile', async () => {
    const failed = await deploy({ instanceType: 'odoo' })
    await publisher.publishError('acme', failed.deploymentId, 'no space')
    const second = await deploy({ instanceType: 'odoo', instanceId: failed.instanceId })
    await publisher.publishCompletion('acme', second.deploymentId, 'https://second.example')
    const again = (await post(`${url}/${failed.deploymentId}/retry`)).json<DeploymentAccepted>()
    expect(await jobOf(again.deploymentId)).toMatchObject({ data: { kind: 'redeploy', instanceId: failed.instanceId } })
  })

  it('follows the events of a worker to the end, and no further', async () => {
    const { deploymentId, instanceId } = await deploy({ instanceType: 'odoo', name: 'Followed' })
    await publisher.publishStart('acme', deploymentId, 'odoo')
    await publisher.publishProgress('acme', deploymentId, 50, 'half', { step: 'pull_image', params: { image: 'odoo' }, simulated: true })
    expect(await read(deploymentId)).toMatchObject({ status: 'in_progress', progress: 50, currentStep: 'half', name: 'Followed', simulated: true })
    await publisher.publishCompletion('acme', deploymentId, 'https://followed.example')
    expect(await read(deploymentId)).toMatchObject({ status: 'completed', progress: 100, instanceUrl: 'https://followed.example' })
    const { instances } = (await get('/v1/tenants/acme/instances')).json<{ instances: Instance[] }>()
    expect(instances.find(one => one.instanceId === instanceId)).toMatchObject({ url: 'https://followed.example', status: 'completed', simulated: true })
    await expect(publisher.publishProgress('acme', deploymentId, 60, 'zombie')).rejects.toMatchObject({ code: 'deployment_finished' })
  })

  it('shows an unknown deployment from the moment somebody reports on it', async () => {
    const published = await service.app.inject({
      method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}` },
      payload: { channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: 'by-curl', progress: 42, currentStep: 'Olá' } },
    })
    expect(published.statusCode, published.body).toBe(201)
    expect(await read('by-curl')).toMatchObject({ instanceId: 'by-curl', status: 'in_progress', progress: 42, currentStep: 'Olá' })
    const { events } = (await get(`/v1/history?channel=tenant:acme:deployments&limit=1`)).json<{ events: { data: object }[] }>()
    expect(events[0]?.data).toMatchObject({ deploymentId: 'by-curl', instanceId: 'by-curl' })
  })

  it('refuses an event that moves a deployment to another instance', async () => {
    const { deploymentId } = await deploy({ instanceType: 'odoo' })
    await expect(publisher.publishProgress('acme', deploymentId, 1, 's', { instanceId: 'elsewhere' })).rejects.toMatchObject({ code: 'unprocessable' })
  })

  it('lists newest first, page by page, each once', async () => {
    const all = (await get(`${url}?limit=200`)).json<DeploymentList>()
    const seen: string[] = []
    let next: string | undefined
    do {
      const page: DeploymentList = (await get(`${url}?limit=3${next === undefined ? '' : `&cursor=${next}`}`)).json()
      seen.push(...page.deployments.map(one => one.deploymentId))
      next = page.next
    } while (next !== undefined)
    expect(seen).toEqual(all.deployments.map(one => one.deploymentId))
    expect(new Set(seen).size).toBe(seen.length)
    const times = all.deployments.map(one => one.createdAt)
    expect(times).toEqual(times.toSorted().reverse())
  })

  it('gives snapshots a position that holds exactly the events up to it', async () => {
    const { deploymentId } = await deploy({ instanceType: 'odoo' })
    const before = (await get(`${url}/${deploymentId}`)).json<{ seq: number }>().seq
    const publishing = Promise.all(Array.from({ length: 40 }, (_, index) => publisher.publishProgress('acme', deploymentId, index + 1, 's')))
    const snapshots: { seq: number, deployment: Deployment }[] = []
    for (let count = 0; count < 10; count++) snapshots.push((await get(`${url}/${deploymentId}`)).json())
    await publishing
    snapshots.push((await get(`${url}/${deploymentId}`)).json())
    const { events } = (await get(`/v1/history?channel=tenant:acme:deployments&after=${before}&limit=1000`)).json<{ events: { seq: number, data: { progress: number } }[] }>()
    expect(events).toHaveLength(40)
    for (const { seq, deployment } of snapshots) {
      expect(deployment.progress).toBe(events.find(event => event.seq === seq)?.data.progress ?? 0)
    }
  })
})
