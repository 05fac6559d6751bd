/** Copies of an instance's volumes: made before a deployment changes them, put back by a rollback or when the deployment failed. */

import type { ServiceSpec } from '../../catalog/entry.ts'
import { DeploymentFailure } from '../../failure.ts'
import { volumesOf } from '../../plan.ts'
import type { StepOutput } from '../driver.ts'
import { listVolumes, unlessGone } from './engine.ts'
import { backupName, completeName, labelFilter, labels, ownerLabels, volumeName } from './names.ts'
import type { StepRunner, Work } from './scope.ts'
import { runTask } from './services.ts'

/** Copies of volumes that are kept of an instance. */
const KEPT_BACKUPS = 3

/** Copies every volume; the services are stopped. */
export const backupData: StepRunner = async function* (work) {
  const { docker, owner, deploymentId } = work
  for (const { service, volume } of keepers(work)) {
    const Name = backupName(owner, volume, deploymentId)
    await docker.createVolume({ Name, Labels: ownerLabels(owner, { backup: deploymentId, volume }) })
    yield* copyVolume(work, service, { from: volumeName(owner, volume), to: Name })
    yield work.say(`Volume ${volume} copied to ${Name}`)
  }
  // Whoever was ended in between leaves half a copy, which must not be put back over good data.
  await docker.createVolume({ Name: completeName(owner, deploymentId), Labels: ownerLabels(owner, { backup: deploymentId, complete: 'yes' }) })
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

/** Puts the copy that was made before a deployment back into the volumes; volumes without one stay, and all of them when it is half a copy. */
export async function* restoreBackup(work: Work, backup: string): AsyncGenerator<StepOutput> {
  const { docker, owner } = work
  const isComplete = (await listBackups(work)).some(one => one.deploymentId === backup && one.isComplete)
  if (!isComplete) return
  for (const { service, volume } of keepers(work)) {
    const from = backupName(owner, volume, backup)
    if (!await unlessGone(docker.getVolume(from).inspect())) continue
    yield* copyVolume(work, service, { from, to: volumeName(owner, volume) })
    yield work.say(`Volume ${volume} restored from ${from}`)
  }
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

interface Backup { deploymentId: string, at: number, names: string[], isComplete: boolean }

/** Copies, the newest first. */
async function listBackups({ docker, owner }: Work): Promise<Backup[]> {
  const found = new Map<string, Backup>()
  for (const volume of await listVolumes(docker, labelFilter(owner))) {
    const deploymentId = volume.Labels?.[labels.backup]
    if (deploymentId === undefined) continue
    const backup = found.get(deploymentId) ?? { deploymentId, at: Date.parse((volume as { CreatedAt?: string }).CreatedAt ?? '') || 0, names: [], isComplete: false }
    found.set(deploymentId, { ...backup, names: [...backup.names, volume.Name], isComplete: backup.isComplete || volume.Labels?.[labels.complete] !== undefined })
  }
  return [...found.values()].toSorted((a, b) => b.at - a.at)
}

/** The copy that a rollback's job names; undefined when the data may stay as it is. @throws DeploymentFailure `no_backup` */
async function backupToRestore(work: Work): Promise<Backup | undefined> {
  const { restore } = work.context.job
  const backup = (await listBackups(work)).find(({ deploymentId, isComplete }) => isComplete && deploymentId === restore?.before)
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
