/** Taking back what a deployment has made so far: a new instance leaves nothing behind, a standing one is as it was before. */

import { inDependencyOrder } from '../../plan.ts'
import type { StepOutput } from '../driver.ts'
import { dropBackup, restoreBackup } from './backups.ts'
import { inspect, listVolumes, start, unlessGone } from './engine.ts'
import { containerName, formerName, labelFilter } from './names.ts'
import { serviceOf, type Work } from './scope.ts'
import { untilHealthy } from './services.ts'
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
  const { kind } = work.context.job
  if (kind === 'delete') return
  yield* removeContainers(work, work.deploymentId)
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

/** Whether this deployment has made the instance's volumes or network: those of an instance that stood before are not touched. */
async function isOwn({ docker, owner, deploymentId }: Work): Promise<boolean> {
  const filters = labelFilter(owner, { deployment: deploymentId })
  const [volumes, networks] = await Promise.all([listVolumes(docker, filters), docker.listNetworks({ filters })])
  return volumes.length > 0 || networks.length > 0
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

