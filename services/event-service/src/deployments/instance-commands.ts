/** What people ask of an instance: deploy it again, go back to the last good version, delete it; and what each would do. */

import type { DeploymentAccepted, DeploymentJob, DeploymentKind, InstanceType, Preview } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { enqueue, type Asked, type CommandsOptions, type Start } from './enqueue.ts'
import { findInstance, getInstance, readPast, type InstanceKey, type PastOrder } from './past.ts'
import { changesOf, type StepsOf } from './preview.ts'
import { kindOfDeploying, lastGoodVersion, versionsOf, waitingFor } from './versions.ts'

type Config = DeploymentJob['config']

/** What to look at before it is asked for. */
export interface PreviewAsked {
  kind?: DeploymentKind | undefined
  instanceType?: InstanceType | undefined
  instanceId?: string | undefined
  config: Config
}

/** Commands on instances; each resolves after its commit. */
export interface InstanceCommands {
  /** Deploys it again, with `config` over what it was deployed with. @throws {Problem} `not_found`, `unprocessable` */
  redeploy: (asked: Asked, instanceId: string, config?: Config) => Promise<DeploymentAccepted>
  /** Goes back to the last good version. @throws {Problem} `not_found`; `unprocessable` when there is none */
  rollback: (asked: Asked, instanceId: string) => Promise<DeploymentAccepted>
  /** Deletes it; while that goes on, and after it, the deployment that does it is answered again. @throws {Problem} `not_found` */
  remove: (asked: Asked, instanceId: string) => Promise<DeploymentAccepted>
  /** What a deployment would do, as things stand. @throws {Problem} `not_found`, `unprocessable` */
  preview: (tenantId: string, asked: PreviewAsked) => Promise<Preview>
}

/** Creates the commands. @param stepsOf makes the plan of a deployment */
export function createInstanceCommands(options: CommandsOptions, stepsOf: StepsOf): InstanceCommands {
  const { database } = options
  const queue = async (kind: Exclude<DeploymentKind, 'create'>, asked: Asked, { instanceId, config }: { instanceId: string, config?: Config | undefined }): Promise<DeploymentAccepted> => {
    const key = { tenantId: asked.tenantId, instanceId }
    const start = await database.inTenant(asked.tenantId, tx => toStart(tx, key, { kind, config: config ?? {} }))
    const command = { asked, scope: `instances/${instanceId}/${kind}`, action: actions[kind], body: config ?? {} }
    return enqueue(options, command, start)
  }
  return {
    redeploy: (asked, instanceId, config) => queue('redeploy', asked, { instanceId, config }),
    rollback: (asked, instanceId) => queue('rollback', asked, { instanceId }),
    remove: async (asked, instanceId) => {
      const last = await database.inTenant(asked.tenantId, async tx => (await getInstance(tx, { tenantId: asked.tenantId, instanceId })).past.at(-1))
      const isUnderway = last?.kind === 'delete' && last.status !== 'failed' && last.status !== 'cancelled'
      return isUnderway ? { deploymentId: last.deploymentId, instanceId } : queue('delete', asked, { instanceId })
    },
    preview: (tenantId, asked) => database.inTenant(tenantId, tx => preview(tx, tenantId, { asked, stepsOf })),
  }
}

const actions: Readonly<Record<Exclude<DeploymentKind, 'create'>, string>> = {
  redeploy: 'instance.redeployed', rollback: 'instance.rolled_back', delete: 'instance.deleted',
}

/** What a command on an instance deploys, as things stand. */
async function toStart(tx: Tx, key: InstanceKey, { kind, config }: { kind: Exclude<DeploymentKind, 'create'>, config: Config }): Promise<Start> {
  const { instance, past } = await getInstance(tx, key)
  if (instance.instance_type === null) throw new Problem('unprocessable', { detail: 'It is not known what this instance is.' })
  const base = { instanceId: key.instanceId, instanceType: instance.instance_type as InstanceType, name: instance.name }
  if (kind === 'rollback') return { ...base, kind, config: toGoBackTo(past).config }
  const current = { ...currentConfig(past), ...config }
  return { ...base, kind: kind === 'redeploy' ? kindOfDeploying(past) : kind, config: current }
}

function toGoBackTo(past: readonly PastOrder[]): PastOrder {
  const version = lastGoodVersion(past)
  if (!version) throw new Problem('unprocessable', { detail: 'There is no earlier version of this instance that ran well.' })
  return version
}

/** What the running version was asked for, or the last try where nothing ran yet. */
function currentConfig(past: readonly PastOrder[]): Config {
  return (versionsOf(past).at(-1) ?? past.at(-1))?.config ?? {}
}

async function preview(tx: Tx, tenantId: string, { asked, stepsOf }: { asked: PreviewAsked, stepsOf: StepsOf }): Promise<Preview> {
  const { kind, instanceId, config } = asked
  const key = { tenantId, instanceId: instanceId ?? '' }
  const isKnown = instanceId !== undefined && await findInstance(tx, key) !== undefined
  const past = isKnown ? await readPast(tx, key) : []
  const start = isKnown && kind !== 'create' ? await toStart(tx, key, { kind: kind ?? 'redeploy', config }) : toNew(asked)
  return {
    kind: start.kind, instanceType: start.instanceType, steps: stepsOf({ ...start, tenantId }), ahead: waitingFor(past),
    changes: start.kind === 'delete' ? [] : changesOf(versionsOf(past).length > 0 ? currentConfig(past) : {}, start.config),
    ...kind === 'rollback' && { backTo: toGoBackTo(past).deploymentId },
  }
}

function toNew({ kind = 'create', instanceType, instanceId, config }: PreviewAsked): Omit<Start, 'name'> {
  if (kind !== 'create') throw new Problem('not_found', { detail: 'There is no such instance.' })
  if (!instanceType) throw new Problem('invalid_request', { errors: [{ path: 'instanceType', message: 'is needed for a new instance' }] })
  return { kind, instanceType, instanceId: instanceId ?? instanceType, config }
}
