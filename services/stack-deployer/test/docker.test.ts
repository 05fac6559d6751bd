import type { DeploymentJob } from '@neo-stack/events'
import type Docker from 'dockerode'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDockerDriver, type DockerDriverOptions } from '../src/drivers/docker.ts'
import { backupName, ownerLabels } from '../src/drivers/docker/names.ts'
import { buildPlan, DeploymentService, entryOf, stepKey, type Catalogue, type Driver, type Outcome, type StepContext, type StepOutput } from '../src/index.ts'
import { collect, driverContract } from './driver-contract.ts'
import { createJob, FakePlatform } from './fake-platform.ts'
import { isRequired, missing, startDockerApi, thingsOf as listThings, TURN_MS, type DockerApi } from './podman.ts'
import { stubCatalogue } from './stub-images.ts'

const never = new AbortController().signal
const secretsKey = Buffer.alloc(32, 7)
const LIMIT_MS = 240_000

if (missing.length > 0 && isRequired) throw new Error(`needs ${missing.join(', ')}`)

describe.skipIf(missing.length > 0)(`the Docker driver${missing.length > 0 ? ` skipped: needs ${missing.join(', ')}` : ''}`, { timeout: LIMIT_MS }, () => {
  let api: DockerApi
  let docker: Docker
  beforeAll(async () => {
    api = await startDockerApi()
    docker = api.docker
  }, TURN_MS)
  afterAll(async () => { await api.stop() }, LIMIT_MS)

  const makeDriver = (options: Partial<DockerDriverOptions> = {}): Driver =>
    createDockerDriver({ docker, secretsKey, catalogue: stubCatalogue(), probeEveryMs: 100, stopSeconds: 0, ...options })
  const contextOf = (over: Partial<DeploymentJob>, entries: Catalogue = stubCatalogue()): StepContext => {
    const job = createJob({ deploymentId: `d-${over.instanceId ?? 'x'}`, ...over })
    return { job, plan: buildPlan(entryOf(entries, job.instanceType), job), resumed: false }
  }
  const run = async (driver: Driver, context: StepContext): Promise<string[]> => {
    const outputs: StepOutput[] = []
    for (const step of context.plan) outputs.push(...await collect(driver.execute(step, context, never)))
    return outputs.flatMap(output => 'text' in output ? [output.text] : [])
  }
  const thingsOf = (instanceId: string): Promise<string[]> => listThings(docker, instanceId)

  describe('keeps the contract', () => {
    afterEach(async () => {
      await collect(makeDriver().rollback(contextOf({ deploymentId: 'd-1', instanceId: 'erp' }), never))
    }, LIMIT_MS)
    driverContract(() => makeDriver(), stubCatalogue())
  })

  it.each(['odoo', 'netbox', 'wazuh'] as const)('brings %s up, reachable at its address, and takes it away without a trace', async instanceType => {
    const driver = makeDriver()
    const context = contextOf({ instanceType, instanceId: `whole-${instanceType}` })
    await collect(driver.prepare(context, never))
    const lines = await run(driver, context)
    const url = await driver.url(context)
    const path = { odoo: '/web/health', netbox: '/login/', wazuh: '/app/login' }[instanceType]
    expect((await fetch(url + path)).status).toBe(200)
    expect(lines.join('\n')).toMatch(/is healthy after/)
    const sample = await driver.stats({ tenantId: 'acme', instanceId: `whole-${instanceType}` }, Date.now() / 1000)
    expect(sample).toMatchObject({ activeInstances: 1 })
    const remove = contextOf({ instanceType, instanceId: `whole-${instanceType}`, kind: 'delete', deploymentId: 'd-delete' })
    await run(driver, remove)
    expect(await thingsOf(`whole-${instanceType}`)).toEqual([])
  })

  it('keeps the instance\'s secrets out of what it says, although a container prints one', async () => {
    const driver = makeDriver()
    const context = contextOf({ instanceId: 'quiet' })
    const lines = await run(driver, context)
    expect(lines).toContain('odoo | password is ***')
    const log = await driver.readLog?.(context.job, { limit: 100 })
    expect(log?.services).toEqual(['postgres', 'odoo'])
    expect(log?.lines).toContainEqual({ service: 'odoo', stream: 'stdout', time: expect.closeTo(Date.now(), -6) as number, text: 'password is ***' })
    expect(log?.lines.map(({ time }) => time)).toEqual(log?.lines.map(({ time }) => time).toSorted((a, b) => a - b))
    expect(await driver.readLog?.(context.job, { limit: 1, service: 'postgres' })).toMatchObject({ lines: [{ service: 'postgres', text: 'listening on 5432' }] })
    await collect(driver.rollback(context, never))
    expect(await driver.readLog?.(context.job, { limit: 100 })).toBeUndefined()
  })

  it('derives the first account again for whoever may see it, the same that the containers have', async () => {
    const driver = makeDriver()
    const context = contextOf({ instanceId: 'account', config: { adminUser: 'ada' } })
    expect(await driver.initialAccount?.(context.job)).toBeUndefined()
    const lines = await run(driver, context)
    const account = await driver.initialAccount?.(context.job)
    expect(account).toEqual({ user: 'ada', password: (await read(docker, 'neo_acme_account_odoo', ['cat', '/run/secrets/admin_password'])).trim() })
    expect(lines.join('\n')).not.toContain(account?.password)
    await run(driver, contextOf({ instanceId: 'account', kind: 'delete', deploymentId: 'd-account-end' }))
    expect(await driver.initialAccount?.(context.job)).toBeUndefined()
  })

  it('says why a service did not come up: it ended, it never answered, its image is nowhere', async () => {
    const reasons = []
    for (const [instanceId, image] of [['crash', 'localhost/stub/crash:1'], ['deaf', 'localhost/stub/deaf:1'], ['nowhere', 'localhost/stub/nowhere:1']] as const) {
      const entries = stubCatalogue({ odoo: image }, instanceId === 'deaf' ? 3 : 60)
      entries.odoo = { ...entries.odoo, services: entries.odoo.services.map(service => ({ ...service, before: [] })) }
      const driver = makeDriver({ catalogue: entries })
      const context = contextOf({ instanceId }, entries)
      reasons.push(await run(driver, context).then(() => 'came up', (error: unknown) => error))
      await collect(driver.rollback(context, never))
      expect(await thingsOf(instanceId)).toEqual([])
    }
    expect(reasons).toMatchObject([
      { messageKey: 'service_exited', params: { service: 'odoo', code: 17 } }, { messageKey: 'service_unhealthy', params: { service: 'odoo', seconds: 3 } },
      { messageKey: 'image_pull_failed', params: { image: 'localhost/stub/nowhere:1' } },
    ])
  })

  it('names the exit code of a service that was started again before anybody looked', async () => {
    const entries = stubCatalogue({ odoo: 'localhost/stub/crash:1' })
    entries.odoo = { ...entries.odoo, services: entries.odoo.services.map(service => ({ ...service, before: [] })) }
    // The service runs for a second; at the second look it was started again.
    const driver = makeDriver({ catalogue: entries, probeEveryMs: 2500 })
    const context = contextOf({ instanceId: 'looping' }, entries)
    await expect(run(driver, context)).rejects.toMatchObject({ messageKey: 'service_exited', params: { service: 'odoo', code: 17 } })
    await collect(driver.rollback(context, never))
    expect(await thingsOf('looping')).toEqual([])
  })

  it('shows every line of a container that floods its log, in order', async () => {
    const entries = stubCatalogue({ odoo: 'localhost/stub/flood:1' })
    entries.odoo = { ...entries.odoo, services: entries.odoo.services.map(service => ({ ...service, before: [], after: [] })) }
    const driver = makeDriver({ catalogue: entries })
    const context = contextOf({ instanceId: 'flood' }, entries)
    const lines = await run(driver, context)
    expect(lines.filter(line => line.includes('flooding the log'))).toHaveLength(20_000)
    expect(lines.findIndex(line => line.includes('listening on 8069'))).toBeGreaterThan(lines.findLastIndex(line => line.includes('flooding the log')))
    await collect(driver.rollback(context, never))
  })

  it('leaves no container, network or volume behind when it is cancelled in any step', async () => {
    const driver = makeDriver()
    const { plan } = contextOf({ instanceId: 'cut' })
    for (const [index] of plan.entries()) {
      const context = contextOf({ instanceId: 'cut', deploymentId: `d-cut-${index}` })
      for (const step of plan.slice(0, index)) await collect(driver.execute(step, context, never))
      const controller = new AbortController()
      const step = plan[index]
      if (!step) throw new TypeError('no step')
      const outcome = await (async () => {
        for await (const _output of driver.execute(step, context, controller.signal)) controller.abort(new Error('cancelled'))
      })().then(() => 'went on', (error: unknown) => error)
      expect(outcome, stepKey(step)).toMatchObject({ message: 'cancelled' })
      await collect(driver.rollback(context, never))
      expect(await thingsOf('cut'), stepKey(step)).toEqual([])
    }
  })

  it('keeps what the steps before a failed one made, goes on from there, and leaves nothing when the next try is cancelled', async () => {
    const broken = stubCatalogue({ odoo: 'localhost/stub/crash:1' })
    broken.odoo = { ...broken.odoo, services: broken.odoo.services.map(service => ({ ...service, before: [] })) }
    const whole = { ...broken, odoo: { ...broken.odoo, services: broken.odoo.services.map(service => ({ ...service, image: service.name === 'odoo' ? 'localhost/stub/odoo:1' : service.image, after: [] })) } }
    const deploy = (deploymentId: string, platform: FakePlatform, { entries = whole, ...job }: Partial<DeploymentJob> & { entries?: Catalogue } = {}): Promise<Outcome> => {
      platform.queue(createJob({ instanceId: 'again', deploymentId }))
      const service = new DeploymentService({ platform: platform.connect(), driver: makeDriver({ catalogue: entries }), catalogue: entries })
      return service.run(createJob({ instanceId: 'again', deploymentId, ...job }))
    }
    const stepsOf = (platform: FakePlatform): string[] => platform.events.flatMap(({ idempotencyKey = '' }) => idempotencyKey.endsWith(':begin') && !idempotencyKey.includes(':start:') ? [idempotencyKey.split(':')[1] ?? ''] : [])

    const failed = new FakePlatform()
    expect(await deploy('d-fails', failed, { entries: broken })).toMatchObject({ status: 'failed', error: { messageKey: 'service_exited' } })
    const { step = '', params } = failed.deployment ?? {}
    const from = { step, service: String(params?.['service']) }
    expect(await thingsOf('again')).toEqual(expect.arrayContaining(['/neo_acme_again_postgres', 'neo_acme_again_odoo-data', 'neo_acme_again_network']))
    expect(await thingsOf('again')).not.toContain('/neo_acme_again_odoo')
    const database = await docker.getContainer('neo_acme_again_postgres').inspect()

    const again = new FakePlatform()
    expect(await deploy('d-again', again, { earlier: ['d-fails'], from })).toMatchObject({ status: 'completed' })
    expect(stepsOf(again)[0]).toBe('start_service.odoo')
    expect(again.deployment?.keptSteps?.map(({ id }) => id)).toContain('create_volumes')
    expect((await docker.getContainer('neo_acme_again_postgres').inspect()).Id).toBe(database.Id)

    const cut = new FakePlatform()
    await docker.getContainer('neo_acme_again_odoo').remove({ force: true })
    cut.afterCall = what => { if (what === 'append') cut.cancel() }
    expect(await deploy('d-cut', cut, { earlier: ['d-again', 'd-fails'], from })).toMatchObject({ status: 'cancelled' })
    expect(await thingsOf('again')).toEqual([])

    expect(await deploy('d-last', new FakePlatform(), { entries: broken, earlier: ['d-cut'], from })).toMatchObject({ status: 'failed' })
    const afresh = new FakePlatform()
    expect(await deploy('d-afresh', afresh, { entries: broken, earlier: ['d-last', 'd-cut'] })).toMatchObject({ status: 'failed' })
    expect(stepsOf(afresh)[0]).toBe('check_resources')
    expect(afresh.logs.map(({ text }) => text)).toContain('Volume neo_acme_again_odoo-data  Removed')
    await run(makeDriver(), contextOf({ instanceId: 'again', kind: 'delete', deploymentId: 'd-end' }))
    expect(await thingsOf('again')).toEqual([])
  })

  const owner = { tenantId: 'acme', instanceId: 'long' }

  it('keeps data over a redeployment, takes a failed one back, and goes back to the copy before it', async () => {
    const driver = makeDriver()
    const first = contextOf({ instanceId: 'long', deploymentId: 'd-first' })
    await run(driver, first)
    const modules = async (): Promise<string[]> => (await read(docker, 'neo_acme_long_odoo', ['cat', '/var/lib/odoo/modules'])).split('\n').filter(Boolean)
    expect(await modules()).toEqual(['base,web,crm,sale'])

    const second = contextOf({ instanceId: 'long', kind: 'redeploy', deploymentId: 'd-second', config: { modules: 'base,web' } })
    await run(driver, second)
    expect(await modules()).toEqual(['base,web,crm,sale', 'base,web'])

    const broken = stubCatalogue({ odoo: 'localhost/stub/crash:1' })
    broken.odoo = { ...broken.odoo, services: broken.odoo.services.map(service => ({ ...service, before: [] })) }
    const third = contextOf({ instanceId: 'long', kind: 'redeploy', deploymentId: 'd-third' }, broken)
    const failing = makeDriver({ catalogue: broken })
    await expect(run(failing, third)).rejects.toMatchObject({ messageKey: 'service_exited' })
    await collect(failing.rollback(third, never))
    expect(await modules()).toEqual(['base,web,crm,sale', 'base,web'])

    const before = (deploymentId: string, restore: DeploymentJob['restore']): StepContext => contextOf({ instanceId: 'long', kind: 'rollback', deploymentId, restore })
    await run(driver, before('d-stay', { before: 'd-third', isRequired: false }))
    expect((await modules()).slice(0, 2)).toEqual(['base,web,crm,sale', 'base,web'])

    const lost = before('d-lost', { before: 'd-third', isRequired: true })
    await expect(run(driver, lost)).rejects.toMatchObject({ messageKey: 'no_backup' })
    await collect(driver.rollback(lost, never))
    await expect(run(driver, before('d-old', undefined))).rejects.toMatchObject({ messageKey: 'no_backup' })

    const written = await modules()
    const cut = contextOf({ instanceId: 'long', kind: 'redeploy', deploymentId: 'd-cut' })
    for (const step of cut.plan.slice(0, cut.plan.findIndex(({ id }) => id === 'backup_data'))) await collect(driver.execute(step, cut, never))
    // As a worker leaves it that is killed while it copies: the copy is there and nothing is in it yet.
    for (const volume of ['odoo-data', 'db-data']) await docker.createVolume({ Name: backupName(owner, volume, 'd-cut'), Labels: ownerLabels(owner, { backup: 'd-cut', volume }) })
    await collect(driver.rollback(cut, never))
    expect(await modules()).toEqual(written)

    const stuck = contextOf({ instanceId: 'long', kind: 'rollback', deploymentId: 'd-stuck', restore: { before: 'd-second', isRequired: true } }, broken)
    await expect(run(failing, stuck)).rejects.toMatchObject({ messageKey: 'service_exited' })
    await collect(failing.rollback(stuck, never))
    expect(await modules()).toEqual(written)

    await run(driver, before('d-back', { before: 'd-second', isRequired: true }))
    expect((await modules()).slice(0, 1)).toEqual(['base,web,crm,sale'])
    expect(await modules()).not.toContain('base,web')
    await run(driver, contextOf({ instanceId: 'long', kind: 'delete', deploymentId: 'd-end' }))
    expect(await thingsOf('long')).toEqual([])
  })
})

/** What a command prints in a running container. */
async function read(docker: Docker, name: string, command: string[]): Promise<string> {
  const exec = await docker.getContainer(name).exec({ Cmd: command, AttachStdout: true })
  const stream = await exec.start({ hijack: true, stdin: false })
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).subarray(8).toString()
}
