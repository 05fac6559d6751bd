/** Taking back what a deployment has made so far: a new instance leaves nothing behind, a standing one is as it was before. */

import { inDependencyOrder } from '../../plan.ts'
import type { PlanStep } from '../../steps.ts'
import type { StepOutput } from '../driver.ts'
import { dropBackup, restoreBackup } from './backups.ts'
import { inspect, listVolumes, start, unlessGone } from './engine.ts'
import { containerName, formerName, labelFilter, labels } from './names.ts'
import { serviceOf, type Work } from './scope.ts'
import { untilHealthy } from './services.ts'
import { isSteady } from './steady.ts'
import { removeNetwork, removeSecrets, removeVolumes } from './storage.ts'

/** Removes the instance's containers; with a deployment only those that it has made. */
export async function* removeContainers({ docker, owner, say }: Work, deploymentId?: string): AsyncGenerator<StepOutput> {
  const filters = labelFilter(owner, deploymentId === undefined ? {} : { deployment: deploymentId })
  for (const { Id, Names } of await docker.listContainers({ all: true, filters })) {
    await unlessGone(docker.getContainer(Id).remove({ force: true }))
    yield say(`Container ${Names[0]?.replace('/', '') ?? Id}  Removed`)
  }
}

/** Takes back a deployment that failed or was cancelled; without anything made it does nothing. */
export async function* undo(work: Work): AsyncGenerator<StepOutput> {
  const { job: { kind }, failedAt } = work.context
  if (kind === 'delete') return
  if (failedAt) return yield* undoStep(work, failedAt)
  for (const maker of work.makers) yield* removeContainers(work, maker)
  if (kind === 'create') {
    if (!await isOwn(work)) return
    const step = { id: 'remove_volumes', params: {}, weight: 0, currentStep: '' } as const
    for (const remove of [removeVolumes, removeNetwork, removeSecrets]) yield* remove(work, step)
    return
  }
  const formers = await findFormers(work)
  if (formers.length === 0) return
  yield* restoreBackup(work, work.deploymentId)
  yield* bringBack(work, formers)
  // What the instance writes from now on is newer: a later rollback must not find this copy.
  await dropBackup(work, work.deploymentId)
}

/** Takes back what a failed step made, and what no longer runs: the healthy containers of the steps before it stay. */
async function* undoStep(work: Work, { id, params }: PlanStep): AsyncGenerator<StepOutput> {
  const { docker, owner, makers, say } = work
  for (const { name } of work.entry.services) {
    const container = docker.getContainer(containerName(owner, name))
    const found = await unlessGone(inspect(container))
    if (!found || !makers.includes(found.Config.Labels[labels.deployment] ?? '') || (name !== params['service'] && isSteady(found))) continue
    await unlessGone(container.remove({ force: true }))
    yield say(`Container ${containerName(owner, name)}  Removed`)
  }
  yield say(`Rolled back step ${id}; what the steps before it made stays for another try`)
}

/** Whether this deployment has made the instance's volumes or network: those of an instance that stood before are not touched. */
async function isOwn({ docker, owner, makers }: Work): Promise<boolean> {
  const found = await Promise.all(makers.map(async maker => {
    const filters = labelFilter(owner, { deployment: maker })
    const [volumes, networks] = await Promise.all([listVolumes(docker, filters), docker.listNetworks({ filters })])
    return volumes.length > 0 || networks.length > 0
  }))
  return found.includes(true)
}

async function findFormers({ docker, owner, entry }: Work): Promise<string[]> {
  const names: string[] = []
  for (const { name } of inDependencyOrder(entry.services)) {
    if (await unlessGone(inspect(docker.getContainer(formerName(owner, name))))) names.push(name)
  }
  return names
}

/** In the order of their dependencies, each healthy before the next one starts. */
async function* bringBack(work: Work, names: readonly string[]): AsyncGenerator<StepOutput> {
  const { docker, owner, say } = work
  for (const name of names) {
    await docker.getContainer(formerName(owner, name)).rename({ name: containerName(owner, name) })
    await start(docker.getContainer(containerName(owner, name)))
    yield say(`Container ${containerName(owner, name)}  is back`)
    yield* untilHealthy(work, serviceOf(work, name))
  }
}

/** Removes the containers that the new ones have replaced. */
export async function* removeFormers(work: Work): AsyncGenerator<StepOutput> {
  for (const name of await findFormers(work)) {
    await unlessGone(work.docker.getContainer(formerName(work.owner, name)).remove({ force: true }))
    yield work.say(`Container ${formerName(work.owner, name)}  Removed`)
  }
}

