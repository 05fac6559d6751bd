/** Steps on what a stack stands on: images, network, volumes, secrets. */

import type { Readable } from 'node:stream'
import { DeploymentFailure } from '../../failure.ts'
import { volumesOf } from '../../plan.ts'
import { listVolumes, unlessGone } from './engine.ts'
import { createLayerProgress, type PullMessage } from './layers.ts'
import { labelFilter, labels, networkName, ownerLabels, volumeName } from './names.ts'
import { ensureSalt, secretNames, type StepRunner } from './scope.ts'

const MIB = 1_048_576

/** Says what the host has and refuses a stack that does not fit into its memory. */
export const checkResources: StepRunner = async function* ({ docker, entry, say }) {
  const { NCPU, MemTotal, ServerVersion } = await docker.info() as { NCPU: number, MemTotal: number, ServerVersion: string }
  const needed = entry.services.reduce((sum, { container }) => sum + container.memoryMiB, 0)
  yield say(`Docker API ${ServerVersion}: ${NCPU} CPUs, ${Math.round(MemTotal / MIB)} MiB of memory; the stack may use ${needed} MiB`)
  if (MemTotal > 0 && needed * MIB > MemTotal) throw new DeploymentFailure('memory_short', { needed: `${needed} MiB`, free: `${Math.round(MemTotal / MIB)} MiB` })
}

/** Gets an image; one that is there is of the pinned version already. */
export const pullImage: StepRunner = async function* ({ docker, say, signal }, step) {
  const image = String(step.params['image'])
  if (await unlessGone(docker.getImage(image).inspect())) return yield say(`Image ${image} is up to date`)
  const toOutputs = createLayerProgress()
  try {
    const stream = await docker.pull(image, { abortSignal: signal }) as Readable
    for await (const message of readMessages(stream)) for (const output of toOutputs(message)) yield 'text' in output ? say(output.text) : output
  } catch (error) {
    signal.throwIfAborted()
    throw new DeploymentFailure('image_pull_failed', { image }, { cause: error })
  }
}

async function* readMessages(stream: Readable): AsyncGenerator<PullMessage> {
  let open = ''
  for await (const bytes of stream) {
    const lines = (open + String(bytes)).split('\n')
    open = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as PullMessage
  }
}

/** Makes the instance's network. */
export const createNetwork: StepRunner = async function* ({ docker, owner, deploymentId, say }) {
  const Name = networkName(owner)
  if (!await unlessGone(docker.getNetwork(Name).inspect())) await docker.createNetwork({ Name, Labels: ownerLabels(owner, { deployment: deploymentId }) })
  yield say(`Network ${Name}  Created`)
}

/** Makes the instance's volumes; what is there stays as it is. */
export const createVolumes: StepRunner = async function* (work) {
  const { docker, owner, deploymentId, entry, say } = work
  for (const volume of volumesOf(entry)) {
    const Name = volumeName(owner, volume)
    if (!await unlessGone(docker.getVolume(Name).inspect())) await docker.createVolume({ Name, Labels: ownerLabels(owner, { deployment: deploymentId, volume }) })
    yield say(`Volume ${Name}  Created`)
  }
}

/** Makes what the instance's secrets are derived from. */
export const createSecrets: StepRunner = async function* (work) {
  await ensureSalt(work)
  for (const name of secretNames(work.entry)) yield work.say(`Secret ${name}  Created`)
  yield work.say('Secrets are derived when they are needed and not stored')
}

/** Removes the instance's volumes and their copies. */
export const removeVolumes: StepRunner = async function* ({ docker, owner, say }) {
  for (const { Name, Labels } of await listVolumes(docker, labelFilter(owner))) {
    if (Labels?.[labels.salt] !== undefined) continue
    await unlessGone(docker.getVolume(Name).remove({ force: true }))
    yield say(`Volume ${Name}  Removed`)
  }
  yield say('No volume is left')
}

/** Removes the instance's network. */
export const removeNetwork: StepRunner = async function* ({ docker, owner, say }) {
  await unlessGone(docker.getNetwork(networkName(owner)).remove())
  yield say(`Network ${networkName(owner)}  Removed`)
}

/** Removes what the secrets were derived from: nobody can make them again. */
export const removeSecrets: StepRunner = async function* ({ docker, owner, say }) {
  for (const { Name, Labels } of await listVolumes(docker, labelFilter(owner))) if (Labels?.[labels.salt] !== undefined) await unlessGone(docker.getVolume(Name).remove({ force: true }))
  yield say('Secrets removed')
}
