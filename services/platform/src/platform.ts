/**
 * Composition root of the process: data folder, parts of its column, event-service, deployer (embedded; a process of its own in the
 * scale-out column) and portals, in this order; `close` goes back the same way.
 */

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { createEventService, createOperator, seedDemo, type Database, type EventService, type EventServiceOptions, type Seeded } from '@neo-stack/event-service'
import { createRest } from '@neo-stack/client'
import { createDeployer, recoverJobs, toStacks, type Deployer } from '@neo-stack/stack-deployer'
import { buildPortal, isBuilt, listPortals } from './build-portals.ts'
import type { Config } from './config.ts'
import { openDataFolder, type DataFolder } from './data-folder.ts'
import { chooseDriver, createStepsOf, readCatalogue, type Deploying } from './driver.ts'
import { addDemoExams } from './demo-exams.ts'
import { playDemoHistory } from './demo-history.ts'
import { openEmbedded } from './embedded.ts'
import type { Again } from './keep-started.ts'
import { tellDeployerFault } from './logs.ts'
import { listenToOwner } from './owner.ts'
import type { Parts } from './parts.ts'
import { showStep, type Terminal, type Welcome } from './progress.ts'
import { openScaleOut } from './scale-out.ts'
import { openInstanceKey } from './secrets.ts'

/** A running platform. */
export interface Platform {
  /** What to tell the person who started it. */
  welcome: Omit<Welcome, 'startedInMs'>
  port: number
  /** Not ready at once, clients are told to reconnect, what is in flight finishes. Idempotent. */
  close: (how?: 'at once') => Promise<void>
}

/**
 * Starts everything.
 * @param again called when what the platform stands on was replaced: it is to be closed and started again
 * @throws what `explain` in failure.ts turns into one sentence; nothing stays open then
 */
export async function startPlatform(config: Config, terminal: Terminal, again: Again = () => undefined): Promise<Platform> {
  const undo: ((how?: 'at once') => void | Promise<void>)[] = []
  const close = startOnce(async how => { for (const step of undo.reverse()) await step(how) })
  try {
    await assertPortFree(config)
    const folder = openDataFolder(config.dataDir)
    undo.push(folder.unlock)
    const portals = await preparePortals(config, terminal)
    const { scaleOut } = config
    const parts = await showStep(terminal, 'Open the database', () => scaleOut ? openScaleOut(config, scaleOut) : openEmbedded(config, folder))
    undo.push(parts.close)
    const seeded = await seed(config, folder, parts.database)
    const deploying = scaleOut ? undefined : await chooseDriver(config, () => openInstanceKey(folder))
    const service = await showStep(terminal, 'Start the services', () => startService(config, folder, { parts, portals, deploying }))
    undo.push(service.close)
    const deployer = deploying && await startDeployer(service, deploying, parts)
    undo.push(async () => { await deployer?.stop() })
    await service.app.listen({ host: config.host, port: config.port })
    const { port } = service.app.server.address() as AddressInfo
    const ownUrl = toUrl(config.host, port)
    if (config.demo && (!scaleOut || seeded.users.length > 0)) await playOnce(folder, { service, url: ownUrl })
    undo.push(await listenToOwner(folder, { parts, isShared: scaleOut !== undefined, again }))
    const url = config.publicUrl ?? ownUrl
    return { close, port, welcome: { url, portals: Object.keys(portals), signIns: seeded.users, dataDir: config.dataDir, isDemo: config.demo, isSimulated: deployer?.driver.simulated ?? false, isShared: scaleOut !== undefined } }
  } catch (error) {
    await close()
    throw error
  }
}

function startOnce(run: (how?: 'at once') => Promise<void>): (how?: 'at once') => Promise<void> {
  let running: Promise<void> | undefined
  return how => running ??= run(how)
}

/** Says at once that the port is taken, instead of after the portals were built. */
async function assertPortFree({ host, port }: Config): Promise<void> {
  const probe = createServer()
  probe.listen(port, host)
  await once(probe, 'listening')
  probe.close()
  await once(probe, 'close')
}

async function preparePortals({ portals: mode }: Config, terminal: Terminal): Promise<Record<string, string>> {
  if (mode === 'none') return {}
  const portals = listPortals()
  for (const portal of portals) {
    if (!isBuilt(portal)) await showStep(terminal, `Build the ${portal.name} portal`, () => buildPortal(portal))
  }
  return Object.fromEntries(portals.map(({ name, output }) => [name, output]))
}

/** Of several processes on one database the first one seeds. */
async function seed({ demo }: Config, folder: DataFolder, database: Database): Promise<Seeded> {
  if (!demo) return database.alone(() => createOperator(database))
  const seeded = await database.alone(() => seedDemo(database))
  if (seeded.users.length > 0) folder.writeJson('demo.json', seeded)
  return seeded
}

async function startService(config: Config, folder: DataFolder, { parts, portals, deploying }: { parts: Parts, portals: Record<string, string>, deploying: Deploying | undefined }): Promise<EventService> {
  const { readAccount, readInstanceLog } = readsOf(deploying)
  const stacks = deploying?.catalogue ?? readCatalogue(config.catalogueFile)
  return createEventService({
    ...parts, logger: parts.logs.of('http'), backgroundLogger: parts.logs.of('background'), portals, identityProviders: config.identityProviders, sampleHost: { folder: path.resolve(folder.path) }, allowedOrigins: config.allowedOrigins,
    stepsOf: createStepsOf(stacks), stacks: toStacks(stacks), ...readAccount && { readAccount }, ...readInstanceLog && { readInstanceLog },
    ...deploying && { readInstance: (instance, at) => deploying.driver.stats(instance, at) },
    ...config.publicUrl !== undefined && { publicUrl: config.publicUrl }, ...config.metricsToken !== undefined && { metricsToken: config.metricsToken },
    ...config.mail && { mail: config.mail }, ...config.scaleOut && { canaryNodes: config.scaleOut.centrifugoSocketUrls }, tenantMetrics: config.tenantMetrics,
  })
}

/** What only the driver can say of instances: without one, a deployer in another process says it. */
function readsOf(deploying: Deploying | undefined): Pick<EventServiceOptions, 'readAccount' | 'readInstanceLog'> {
  if (!deploying) return { readAccount: 'elsewhere', readInstanceLog: 'elsewhere' }
  const { initialAccount, readLog } = deploying.driver
  return { ...initialAccount && { readAccount: initialAccount }, ...readLog && { readInstanceLog: ({ wanted, ...instance }) => readLog(instance, wanted) } }
}

/** What a process before this one left running is taken up again: the data folder is ours alone. */
async function startDeployer({ jobs, deployments }: EventService, deploying: Deploying, { logs }: Parts): Promise<Deployer> {
  await recoverJobs(jobs.boss)
  const deployer = createDeployer({
    ...deploying, queue: jobs.boss, platform: deployments, onError: tellDeployerFault(logs),
  })
  await deployer.start()
  return deployer
}

const toUrl = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Plays the demo history through the API like anybody else, with a key per tenant that is made for it and ends with it. */
async function playOnce(folder: DataFolder, { service, url }: { service: EventService, url: string }): Promise<void> {
  if (folder.readJson('demo-history.json') !== undefined) return
  const { apiKeys } = service.identity
  for (const tenantId of ['acme', 'globex']) {
    const { id, key } = await apiKeys.create({
      tenantId, name: 'demo-history', permissions: ['deploy:write', 'billing:write', 'exam:read', 'exam:write'], isDemo: true, actor: { type: 'demo', id: 'demo-history' },
    })
    const { events, exams } = createRest({ baseUrl: url, getAccessToken: () => key })
    const play = async (): Promise<void> => {
      await playDemoHistory(event => events.publish(event), tenantId)
      await addDemoExams(exams, tenantId)
    }
    await play().finally(() => apiKeys.revoke(tenantId, id))
  }
  folder.writeJson('demo-history.json', { playedAt: new Date().toISOString() })
}
