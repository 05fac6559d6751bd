/** Steps on what a stack stands on: images, network, volumes with their copies, secrets. */

import type { Readable } from 'node:stream'
import type { ServiceSpec } from '../../catalog/entry.ts'
import { DeploymentFailure } from '../../failure.ts'
import { volumesOf } from '../../plan.ts'
import type { StepOutput } from '../driver.ts'
import { listVolumes, unlessGone } from './engine.ts'
import { createLayerProgress, type PullMessage } from './layers.ts'
import { backupName, labelFilter, labels, networkName, ownerLabels, volumeName } from './names.ts'
import { ensureSalt, secretNames, type StepRunner, type Work } from './scope.ts'
import { runTask } from './services.ts'

/** Copies of volumes that are kept of an instance. */
const KEPT_BACKUPS = 3
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

/** Copies every volume; the services are stopped. */
export const backupData: StepRunner = async function* (work) {
  const { docker, owner, deploymentId } = work
  for (const { service, volume } of keepers(work)) {
    const Name = backupName(owner, volume, deploymentId)
    await docker.createVolume({ Name, Labels: ownerLabels(owner, { backup: deploymentId, volume }) })
    yield* copyVolume(work, service, { from: volumeName(owner, volume), to: Name })
    yield work.say(`Volume ${volume} copied to ${Name}`)
  }
  // The copy that a rollback puts back, and those of a further one, may be the oldest.
  if (work.context.job.kind === 'redeploy') yield* dropOldBackups(work)
}

/** Says which copy a rollback goes back to. */
export const selectVersion: StepRunner = async function* (work) {
  const backup = await backupToRestore(work)
  yield work.say(backup ? `Going back to the data before deployment ${backup.deploymentId}` : 'The data is that of this version and stays')
}

/** Puts the copy back that the job names. */
export const restoreData: StepRunner = async function* (work) {
  const backup = await backupToRestore(work)
  if (backup) yield* restoreBackup(work, backup.deploymentId)
}

/** Puts the copy that was made before a deployment back into the volumes; volumes without one stay. */
export async function* restoreBackup(work: Work, backup: string): AsyncGenerator<StepOutput> {
  const { docker, owner } = work
  for (const { service, volume } of keepers(work)) {
    const from = backupName(owner, volume, backup)
    if (!await unlessGone(docker.getVolume(from).inspect())) continue
    yield* copyVolume(work, service, { from, to: volumeName(owner, volume) })
    yield work.say(`Volume ${volume} restored from ${from}`)
  }
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

/** Each volume with a service whose image can copy it. */
function keepers({ entry }: Work): { service: ServiceSpec, volume: string }[] {
  return volumesOf(entry).flatMap(volume => {
    const service = entry.services.find(({ container }) => volume in container.mounts)
    return service ? [{ service, volume }] : []
  })
}

async function* copyVolume(work: Work, service: ServiceSpec, { from, to }: { from: string, to: string }): AsyncGenerator<StepOutput> {
  const command = ['sh', '-ec', 'rm -rf /to/..?* /to/.[!.]* /to/* && cp -a /from/. /to/']
  const code = yield* runTask(work, service, { id: 'copy', command }, options => ({
    ...options, User: '0', Entrypoint: [], HostConfig: {
      ...options.HostConfig, NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: from, Target: '/from', ReadOnly: true }, { Type: 'volume', Source: to, Target: '/to' }],
    },
  }))
  if (code !== 0) throw new DeploymentFailure('command_failed', { step: 'backup_data', code })
}

interface Backup { deploymentId: string, at: number, names: string[] }

/** Copies, the newest first. */
async function listBackups({ docker, owner }: Work): Promise<Backup[]> {
  const found = new Map<string, Backup>()
  for (const volume of await listVolumes(docker, labelFilter(owner))) {
    const deploymentId = volume.Labels?.[labels.backup]
    if (deploymentId === undefined) continue
    const backup = found.get(deploymentId) ?? { deploymentId, at: Date.parse((volume as { CreatedAt?: string }).CreatedAt ?? '') || 0, names: [] }
    found.set(deploymentId, { ...backup, names: [...backup.names, volume.Name] })
  }
  return [...found.values()].toSorted((a, b) => b.at - a.at)
}

/** The copy that a rollback's job names; undefined when the data may stay as it is. @throws DeploymentFailure `no_backup` */
async function backupToRestore(work: Work): Promise<Backup | undefined> {
  const { restore } = work.context.job
  const backup = (await listBackups(work)).find(({ deploymentId }) => deploymentId === restore?.before)
  // A job that names none is of an older service: which copy it means cannot be known.
  if (!backup && restore?.isRequired !== false) throw new DeploymentFailure('no_backup')
  return backup
}

/** Removes the copy that a deployment has made. */
export async function dropBackup(work: Work, backup: string): Promise<void> {
  const found = (await listBackups(work)).find(({ deploymentId }) => deploymentId === backup)
  for (const name of found?.names ?? []) await unlessGone(work.docker.getVolume(name).remove({ force: true }))
}

async function* dropOldBackups(work: Work): AsyncGenerator<StepOutput> {
  for (const { deploymentId, names } of (await listBackups(work)).slice(KEPT_BACKUPS)) {
    for (const name of names) await unlessGone(work.docker.getVolume(name).remove({ force: true }))
    yield work.say(`Copy of the data before deployment ${deploymentId} removed: the last ${KEPT_BACKUPS} are kept`)
  }
}
