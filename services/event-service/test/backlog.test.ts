import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEPLOYMENT_QUEUE, type DeploymentAccepted } from '@neo-stack/events'
import { toJobId } from '../src/deployments/identifiers.ts'
import { startService, type TestService } from './service.ts'

describe('how long deployments have waited for a worker', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  /** Asks for a deployment as long ago as this. */
  const deploy = async (name: string, secondsAgo: number): Promise<DeploymentAccepted> => {
    const answer = await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/deployments', payload: { instanceType: 'odoo', name, config: {} }, headers: await service.bearer('member@acme.example') })
    expect(answer.statusCode, answer.body).toBe(202)
    const accepted = answer.json<DeploymentAccepted>()
    await makeOld(toJobId('acme', accepted.deploymentId), secondsAgo)
    return accepted
  }
  const makeOld = (id: string, seconds: number): Promise<unknown> =>
    service.database.jobs.executeSql('update pgboss.job set created_on = now() - $2 * interval \'1 second\', start_after = now() - $2 * interval \'1 second\' where id = $1', [id, seconds])
  const waited = async (): Promise<number> => Math.round((await service.jobs.backlog()).oldestSeconds / 10) * 10
  /** Takes the next job as a worker does. */
  const take = async (): Promise<string> => (await service.jobs.boss.fetch(DEPLOYMENT_QUEUE, { groupConcurrency: 2 }))[0]?.id ?? ''

  it('counts what could run now, not what waits behind its instance or for its tenant\'s limit', async () => {
    expect(await waited()).toBe(0)
    const first = await deploy('First', 900)
    expect(await waited()).toBe(900)
    const running = [await take()]
    expect(running).toEqual([toJobId('acme', first.deploymentId)])
    expect(await waited()).toBe(0)
    const behind = await service.jobs.boss.send(DEPLOYMENT_QUEUE, { tenantId: 'acme' }, { singletonKey: `acme/${first.instanceId}`, group: { id: 'acme' } })
    await makeOld(behind ?? '', 800)
    expect(await waited()).toBe(0)
    await deploy('Second', 600)
    expect(await waited()).toBe(600)
    running.push(await take())
    await deploy('Over the limit', 500)
    expect(await waited()).toBe(0)
    expect((await service.jobs.backlog()).states).toEqual({ waiting: 2, running: 2, failed: 0 })
  })

  it('counts from the moment when it could run', async () => {
    const [running] = await service.jobs.boss.findJobs(DEPLOYMENT_QUEUE, {}).then(jobs => jobs.filter(({ state }) => state === 'active'))
    await service.jobs.boss.complete(DEPLOYMENT_QUEUE, running?.id ?? '')
    expect(await waited()).toBe(0)
    await service.database.jobs.executeSql('update pgboss.job set completed_on = now() - interval \'100 seconds\' where state = \'completed\'')
    expect(await waited()).toBe(100)
  })

  it('is not put off by others of the tenant that are cancelled while they wait', async () => {
    const regretted = await deploy('Regretted', 10)
    await service.jobs.boss.cancel(DEPLOYMENT_QUEUE, toJobId('acme', regretted.deploymentId))
    const [cancelled] = await service.jobs.boss.findJobs(DEPLOYMENT_QUEUE, { id: toJobId('acme', regretted.deploymentId) })
    expect(cancelled).toMatchObject({ state: 'cancelled', completedOn: expect.any(Date) as Date })
    expect(await waited()).toBe(100)
  })
})
