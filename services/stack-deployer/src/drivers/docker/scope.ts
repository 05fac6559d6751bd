/** What one deployment is carried out with: its entry, its instance's names and secrets, and the Docker API. */

import { createRedaction, type Redaction } from '@neo-stack/events'
import type Docker from 'dockerode'
import type { CatalogueEntry, ServiceSpec } from '../../catalog/entry.ts'
import type { Sleep } from '../../sleep.ts'
import type { PlanStep } from '../../steps.ts'
import type { StepContext, StepOutput } from '../driver.ts'
import type { ContainerScope } from './container.ts'
import { unlessGone } from './engine.ts'
import { labels, ownerLabels, secretsName, type Owner } from './names.ts'
import { deriveSecrets, newSalt, secretsIn } from './secrets.ts'

/** See the file's head. */
export interface Work extends ContainerScope {
  docker: Docker
  entry: CatalogueEntry
  context: StepContext
  signal: AbortSignal
  /** This deployment and the earlier tries that it continues: what carries the name of one of them is its own. */
  makers: readonly string[]
  sleep: Sleep
  now: () => number
  /** Milliseconds between two looks at a service's health. */
  probeEveryMs: number
  /** Seconds that a service gets to stop by itself. */
  stopSeconds: number
  /** Takes the instance's secrets out of a text. */
  redaction: Redaction
  /** A line to show, without the instance's secrets. */
  say: (text: string, stream?: 'stdout' | 'stderr') => StepOutput
}

/** What a step does. */
export type StepRunner = (work: Work, step: PlanStep) => AsyncIterable<StepOutput>

/** What a scope is made of. */
export interface WorkOptions extends Pick<Work, 'docker' | 'entry' | 'context' | 'signal' | 'sleep' | 'now' | 'probeEveryMs' | 'stopSeconds' | 'bindAddress' | 'config'> {
  secretsKey: Uint8Array
}

/** Brings together what a step needs; the instance's salt is read from the Docker API. */
export async function toWork({ secretsKey, ...options }: WorkOptions): Promise<Work> {
  const { docker, entry, context: { job } } = options
  const owner: Owner = { tenantId: job.tenantId, instanceId: job.instanceId }
  const salt = await readSalt(docker, owner)
  const secrets = deriveSecrets(secretsKey, salt ?? '', owner)
  const redaction = createRedaction(secretNames(entry).map(secrets))
  return {
    ...options, owner, secrets, redaction, deploymentId: job.deploymentId, makers: [job.deploymentId, ...job.earlier ?? []],
    say: (text, stream = 'stdout') => ({ stream, text: redaction.redact(text) }),
  }
}

/** Makes the instance's salt unless it has one; gives the labels a volume was made with. */
export async function ensureSalt({ docker, owner, deploymentId }: Work): Promise<void> {
  if (await readSalt(docker, owner) !== undefined) return
  await docker.createVolume({ Name: secretsName(owner), Labels: ownerLabels(owner, { deployment: deploymentId, salt: newSalt() }) })
}

/** The salt of an instance's secrets; undefined before it has one. */
export async function readSalt(docker: Docker, owner: Owner, abortSignal?: AbortSignal): Promise<string | undefined> {
  // The API gives null for a volume without labels.
  const found = await unlessGone(docker.getVolume(secretsName(owner)).inspect({ ...abortSignal && { abortSignal } })) as { Labels: Record<string, string> | null } | undefined
  return found?.Labels?.[labels.salt]
}

/** Names of all secrets of a stack. */
export function secretNames({ services }: CatalogueEntry): string[] {
  const texts = services.flatMap(({ container, before, after }) => [...Object.values(container.environment), ...[...before, ...after].flatMap(({ run }) => run.command)])
  return [...new Set([...services.flatMap(({ container }) => container.secrets), ...texts.flatMap(secretsIn)])]
}

/** A service by the name that a step or a command has. @throws {TypeError} for a name that the entry does not have */
export function serviceOf({ entry }: Pick<Work, 'entry'>, name: string | number | undefined): ServiceSpec {
  const service = entry.services.find(one => one.name === name)
  if (!service) throw new TypeError(`the stack ${entry.type} has no service ${String(name)}`)
  return service
}
