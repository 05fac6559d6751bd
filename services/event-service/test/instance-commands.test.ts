import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEPLOYMENT_QUEUE, DeploymentPublisher, type AuditPage, type DeploymentAccepted, type DeploymentList, type Instance, type Preview, type StackList } from '@neo-stack/events'
import { toJobId } from '../src/deployments/identifiers.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const tenant = '/v1/tenants/acme'

describe('commands on instances', () => {
  let service: TestService
  let publisher: DeploymentPublisher
  const bearers: Record<string, { authorization: string }> = {}
  beforeAll(async () => {
    service = await startService({
      stepsOf: wanted => [{ id: `plan_${wanted.kind}`, params: { version: String(wanted.config['version'] ?? '') }, seconds: 3 }],
      readAccount: ({ instanceId, config }) => Promise.resolve(instanceId === 'unreal' ? undefined : { user: String(config['adminUser'] ?? 'admin'), password: `derived-for-${instanceId}` }),
    })
    publisher = new DeploymentPublisher(service.publishAs({ type: 'service', id: 'worker' }))
    for (const role of ['viewer', 'member', 'owner']) bearers[role] = await service.bearer(`${role}@acme.example`)
    bearers['operator'] = await service.bearer('operator@neo.example')
  })
  afterAll(() => service.stop())

  const post = (path: string, payload: object = {}, { as = 'member', key }: { as?: string, key?: string } = {}): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: `${tenant}${path}`, payload, headers: { ...bearers[as], ...key !== undefined && { 'idempotency-key': key } } })
  const get = async <Body>(path: string, as = 'member'): Promise<Body> => (await service.app.inject({ url: `${tenant}${path}`, headers: bearers[as] ?? {} })).json<Body>()
  const accepted = (answer: Answer): DeploymentAccepted => {
    expect(answer.statusCode, answer.body).toBe(202)
    return answer.json<DeploymentAccepted>()
  }
  const jobOf = async (deploymentId: string): Promise<Record<string, unknown> | undefined> =>
    (await service.jobs.boss.findJobs<Record<string, unknown>>(DEPLOYMENT_QUEUE, { id: toJobId('acme', deploymentId) }))[0]?.data
  const succeed = async ({ deploymentId }: DeploymentAccepted): Promise<void> => { await publisher.publishCompletion('acme', deploymentId, `https://${deploymentId}.example`) }
  const deploy = async (instanceId: string, config: object): Promise<DeploymentAccepted> => {
    const one = accepted(await post('/deployments', { instanceType: 'odoo', instanceId, config }))
    await succeed(one)
    return one
  }

  it('redeploys with what it was deployed with, changed fields over it', async () => {
    await deploy('shop', { version: '17.0', modules: 'crm' })
    const { deploymentId } = accepted(await post('/instances/shop/redeploy', { config: { version: '18.0' }, reason: 'upgrade' }))
    expect(await jobOf(deploymentId)).toMatchObject({ kind: 'redeploy', instanceId: 'shop', config: { version: '18.0', modules: 'crm' } })
  })

  it('goes back to the version before the running one, and further each time', async () => {
    await deploy('back', { version: '16.0' })
    for (const version of ['17.0', '18.0']) {
      const one = accepted(await post('/instances/back/redeploy', { config: { version } }))
      await succeed(one)
    }
    for (const version of ['17.0', '16.0']) {
      const rollback = accepted(await post('/instances/back/rollback'))
      expect(await jobOf(rollback.deploymentId)).toMatchObject({ kind: 'rollback', config: { version } })
      await succeed(rollback)
    }
    expect((await post('/instances/back/rollback')).json()).toMatchObject({ status: 422, code: 'unprocessable' })
  })

  it('goes back to the running version when the last deployment failed', async () => {
    await deploy('broken', { version: '17.0' })
    const failed = accepted(await post('/instances/broken/redeploy', { config: { version: '18.0' } }))
    await publisher.publishError('acme', failed.deploymentId, 'no space')
    const { deploymentId } = accepted(await post('/instances/broken/rollback'))
    expect(await jobOf(deploymentId)).toMatchObject({ kind: 'rollback', config: { version: '17.0' }, restore: { before: failed.deploymentId, isRequired: false } })
  })

  it('names the copy of the version it goes back to, another one each time', async () => {
    await deploy('copies', { version: '16.0' })
    const redeploys: DeploymentAccepted[] = []
    for (const version of ['17.0', '18.0']) {
      const one = accepted(await post('/instances/copies/redeploy', { config: { version } }))
      await succeed(one)
      redeploys.unshift(one)
    }
    for (const { deploymentId } of redeploys) {
      const rollback = accepted(await post('/instances/copies/rollback'))
      expect(await jobOf(rollback.deploymentId)).toMatchObject({ restore: { before: deploymentId, isRequired: true } })
      await succeed(rollback)
    }
  })

  it('goes where it was to go when a failed rollback is tried again', async () => {
    const first = await deploy('tried', { version: '16.0' })
    const second = accepted(await post('/instances/tried/redeploy', { config: { version: '17.0' } }))
    await succeed(second)
    const failed = accepted(await post('/instances/tried/rollback'))
    await publisher.publishError('acme', failed.deploymentId, 'no space')
    const { deploymentId } = accepted(await post(`/deployments/${failed.deploymentId}/retry`))
    expect(await jobOf(deploymentId)).toMatchObject({ config: { version: '16.0' }, backTo: first.deploymentId, restore: { before: second.deploymentId, isRequired: true } })
  })

  it('stays with the version that a rollback after a failure went to', async () => {
    await deploy('stays', { version: '16.0' })
    await succeed(accepted(await post('/instances/stays/redeploy', { config: { version: '17.0' } })))
    const failed = accepted(await post('/instances/stays/redeploy', { config: { version: '18.0' } }))
    await publisher.publishError('acme', failed.deploymentId, 'no space')
    await succeed(accepted(await post('/instances/stays/rollback')))
    const { deploymentId } = accepted(await post('/instances/stays/redeploy'))
    expect(await jobOf(deploymentId)).toMatchObject({ config: { version: '17.0' } })
  })

  it('refuses a rollback while another deployment has not ended: nobody knows yet where back is', async () => {
    await deploy('busy', { version: '16.0' })
    await succeed(accepted(await post('/instances/busy/redeploy', { config: { version: '17.0' } })))
    accepted(await post('/instances/busy/rollback'))
    expect((await post('/instances/busy/rollback')).json()).toMatchObject({ status: 422, code: 'unprocessable' })
  })

  it('answers an accepted rollback again under its key, also when nothing is left to go back to', async () => {
    await deploy('repeat', { version: '16.0' })
    await succeed(accepted(await post('/instances/repeat/redeploy', { config: { version: '17.0' } })))
    const once = accepted(await post('/instances/repeat/rollback', {}, { key: 'repeat-1' }))
    await succeed(once)
    expect(accepted(await post('/instances/repeat/rollback', {}, { key: 'repeat-1' }))).toEqual(once)
  })

  it('changes what is queued already, also when both are asked at once', async () => {
    await deploy('queue', { version: '16.0', modules: 'crm' })
    accepted(await post('/instances/queue/redeploy', { config: { version: '17.0' } }))
    const { deploymentId } = accepted(await post('/instances/queue/redeploy', { config: { modules: 'crm,sale' } }))
    expect(await jobOf(deploymentId)).toMatchObject({ config: { version: '17.0', modules: 'crm,sale' } })
    const both = await Promise.all([{ version: '18.0' }, { modules: 'web' }].map(config => post('/instances/queue/redeploy', { config })))
    const jobs = await Promise.all(both.map(answer => jobOf(accepted(answer).deploymentId)))
    expect(jobs.map(job => job?.['config'])).toContainEqual({ version: '18.0', modules: 'web' })
  })

  it('does not take over what failed', async () => {
    await deploy('kept', { version: '16.0' })
    const failed = accepted(await post('/instances/kept/redeploy', { config: { version: '17.0' } }))
    await publisher.publishError('acme', failed.deploymentId, 'no space')
    const { deploymentId } = accepted(await post('/instances/kept/redeploy', { config: { modules: 'crm' } }))
    expect(await jobOf(deploymentId)).toMatchObject({ config: { version: '16.0', modules: 'crm' } })
  })

  it('deletes once however often it is asked, and the name is free for another stack then', async () => {
    await deploy('gone', {})
    const first = accepted(await post('/instances/gone/delete', { reason: 'not used' }))
    expect(accepted(await post('/instances/gone/delete'))).toEqual(first)
    await publisher.publishCompletion('acme', first.deploymentId, undefined)
    expect((await get<{ instances: Instance[] }>('/instances')).instances.map(({ instanceId }) => instanceId)).not.toContain('gone')
    const again = accepted(await post('/deployments', { instanceType: 'netbox', instanceId: 'gone' }))
    expect(await jobOf(again.deploymentId)).toMatchObject({ kind: 'create', instanceType: 'netbox' })
    expect((await get<{ instances: Instance[] }>('/instances')).instances.find(({ instanceId }) => instanceId === 'gone')).toMatchObject({ instanceType: 'netbox' })
  })

  it('answers a command that is repeated under its key with the same deployment', async () => {
    await deploy('twice', {})
    const [one, two] = await Promise.all([1, 2].map(() => post('/instances/twice/redeploy', {}, { key: 'twice-1' })))
    expect(one?.json()).toEqual(two?.json())
    expect((await get<DeploymentList>('/deployments?instanceId=twice')).deployments).toHaveLength(2)
  })

  it('writes who asked and why into the audit trail and the activity', async () => {
    await deploy('audited', {})
    const { deploymentId } = accepted(await post('/instances/audited/delete', { reason: 'moved to another region' }))
    accepted(await post(`/deployments/${deploymentId}/cancel`, { reason: 'wrong one' }))
    const { entries } = await get<AuditPage>('/audit?q=audited', 'owner')
    expect(entries.slice(0, 2)).toMatchObject([
      { action: 'deployment.cancelled', target: deploymentId, actor: { type: 'user' }, detail: { reason: 'wrong one' } },
      { action: 'instance.deleted', target: deploymentId, actor: { type: 'user' }, detail: { instanceId: 'audited', reason: 'moved to another region' } },
    ])
  })

  it('says the place in the queue, over all of the tenant', async () => {
    const before = (await get<DeploymentList>('/deployments?limit=200&status=queued')).deployments.length
    const added = [accepted(await post('/deployments', { instanceType: 'odoo' })), accepted(await post('/deployments', { instanceType: 'wazuh' }))]
    const positions = async (): Promise<(number | undefined)[]> => {
      const { deployments } = await get<DeploymentList>('/deployments?limit=200')
      return added.map(one => deployments.find(({ deploymentId }) => deploymentId === one.deploymentId)?.queuePosition)
    }
    expect(await positions()).toEqual([before + 1, before + 2])
    await publisher.publishStart('acme', added[0]?.deploymentId ?? '', 'odoo')
    expect(await positions()).toEqual([undefined, before + 1])
  })

  it('says which stacks there are, and takes no other', async () => {
    expect((await get<StackList>('/stacks')).stacks.map(({ type }) => type)).toEqual(['odoo', 'netbox', 'wazuh'])
    expect((await post('/deployments', { instanceType: 'gitlab' })).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'instanceType', message: 'must be one of odoo, netbox, wazuh' }] })
  })

  it('shows what a deployment would do and changes nothing', async () => {
    await deploy('looked-at', { version: '17.0' })
    const before = await get<DeploymentList>('/deployments?limit=200')
    const preview = async (asked: object): Promise<Preview> => (await post('/deployments/preview', asked)).json<Preview>()
    expect(await preview({ instanceId: 'looked-at', config: { version: '18.0' } })).toEqual({
      kind: 'redeploy', instanceType: 'odoo', ahead: 0, changes: [{ field: 'version', from: '17.0', to: '18.0' }], steps: [{ id: 'plan_redeploy', params: { version: '18.0' }, seconds: 3 }],
    })
    expect(await preview({ instanceId: 'looked-at', kind: 'delete' })).toMatchObject({ kind: 'delete', changes: [], steps: [{ id: 'plan_delete' }] })
    expect(await preview({ instanceType: 'netbox' })).toMatchObject({ kind: 'create', instanceType: 'netbox' })
    expect((await post('/deployments/preview', { kind: 'delete', instanceId: 'nowhere' })).statusCode).toBe(404)
    expect((await post('/deployments/preview', {})).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'instanceType' }] })
    expect(await get<DeploymentList>('/deployments?limit=200')).toEqual(before)
  })

  it('shows the first account to owners and operators only, and writes each look down without the password', async () => {
    await deploy('account', { adminUser: 'ada' })
    expect((await post('/instances/account/initial-password')).statusCode).toBe(403)
    for (const as of ['owner', 'operator']) {
      const answer = await post('/instances/account/initial-password', {}, { as })
      expect(answer.json()).toEqual({ user: 'ada', password: 'derived-for-account' })
      expect(answer.headers['cache-control']).toBe('no-store')
    }
    const { entries } = await get<AuditPage>('/audit?action=instance.password_shown', 'owner')
    expect(entries).toMatchObject([{ target: 'account' }, { target: 'account' }])
    expect(JSON.stringify(entries)).not.toContain('derived-for')
  })

  it('has no account of an instance that was never deployed, or is not real', async () => {
    accepted(await post('/deployments', { instanceType: 'odoo', instanceId: 'early' }))
    await deploy('unreal', {})
    for (const instanceId of ['early', 'unreal']) expect((await post(`/instances/${instanceId}/initial-password`, {}, { as: 'owner' })).statusCode).toBe(422)
    expect((await post('/instances/nowhere/initial-password', {}, { as: 'owner' })).statusCode).toBe(404)
  })

  it('lets nobody command who may only read', async () => {
    await deploy('guarded', {})
    for (const verb of ['redeploy', 'rollback', 'delete']) expect((await post(`/instances/guarded/${verb}`, {}, { as: 'viewer' })).statusCode).toBe(403)
    expect((await post('/instances/nowhere/delete')).statusCode).toBe(404)
  })
})
