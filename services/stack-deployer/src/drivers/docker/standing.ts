/** Whether what an earlier try of a deployment made can be used as it is: by what the Docker API has. */

import { volumesOf } from '../../plan.ts'
import type { PlanStep, StepId } from '../../steps.ts'
import { inspect, unlessGone } from './engine.ts'
import { containerName, labels, networkName, volumeName } from './names.ts'
import { readSalt, serviceOf, type Work } from './scope.ts'
import { isSteady } from './steady.ts'

/** Steps that are looked for; a command stands as long as the containers and volumes do that it ran on. */
const looks: Partial<Record<StepId, (work: Work, step: PlanStep) => Promise<boolean>>> = {
  pull_image: async ({ docker }, step) => await unlessGone(docker.getImage(String(step.params['image'])).inspect()) !== undefined,
  create_network: async ({ docker, owner }) => await unlessGone(docker.getNetwork(networkName(owner)).inspect()) !== undefined,
  create_volumes: async ({ docker, owner, entry }) => {
    const found = await Promise.all(volumesOf(entry).map(volume => unlessGone(docker.getVolume(volumeName(owner, volume)).inspect())))
    return found.every(volume => volume !== undefined)
  },
  create_secrets: async ({ docker, owner }) => await readSalt(docker, owner) !== undefined,
  start_service: async (work, step) => {
    const { name } = serviceOf(work, step.params['service'])
    const found = await unlessGone(inspect(work.docker.getContainer(containerName(work.owner, name))))
    return found !== undefined && isSteady(found) && work.makers.includes(found.Config.Labels[labels.deployment] ?? '')
  },
}

/** Whether what a step made still stands. */
export function stands(work: Work, step: PlanStep): Promise<boolean> {
  return looks[step.id]?.(work, step) ?? Promise.resolve(true)
}
