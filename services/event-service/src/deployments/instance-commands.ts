/** What people ask of an instance: deploy it again, go back to the last good version, delete it; and what each would do. */

import type { DeploymentAccepted, DeploymentJob, DeploymentKind, InstanceType, Preview } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { enqueue, type Asked, type Command, type CommandsOptions, type Start } from './enqueue.ts'
import { findInstance, getInstance, readPast, type InstanceKey } from './past.ts'
import { changesOf, type StepsOf } from './preview.ts'
import { currentConfig, settleRollback, toGoBackTo } from './settle.ts'
import { kindOfDeploying, versionsOf, waitingFor } from './versions.ts'

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
  /** Deploys it again, with `config` over what was asked for last. @throws {Problem} `not_found`, `unprocessable` */
  redeploy: (asked: Asked, instanceId: string, config?: Config) => Promise<DeploymentAccepted>
  /** Goes back to the last good version. @throws {Problem} `not_found`; `unprocessable` when there is none, or while another deployment goes on */
  rollback: (asked: Asked, instanceId: string) => Promise<DeploymentAccepted>
  /** Deletes it; while that goes on, and after it, the deployment that does it is answered again. @throws {Problem} `not_found` */
  remove: (asked: Asked, instanceId: string) => Promise<DeploymentAccepted>
  /** What a deployment would do, as things stand. @throws {Problem} `not_found`, `unprocessable` */
  preview: (tenantId: string, asked: PreviewAsked) => Promise<Preview>
}

/** Creates the commands. @param stepsOf makes the plan of a deployment */
export function createInstanceCommands(options: CommandsOptions, stepsOf: StepsOf): InstanceCommands {
  const { database } = options
  const queue = async (kind: Exclude<DeploymentKind, 'create'>, asked: Asked, { instanceId, config = {} }: { instanceId: string, config?: Config | undefined }): Promise<DeploymentAccepted> => {
    const key = { tenantId: asked.tenantId, instanceId }
    const start = await database.inTenant(asked.tenantId, tx => toStart(tx, key, kind))
    const command = { asked, scope: `instances/${instanceId}/${kind}`, action: actions[kind], body: config, settle: settleWith(kind, config) }
    return enqueue(options, command, { ...start, config })
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

/** The own deployment is in the past already, as queued. */
function settleWith(kind: DeploymentKind, config: Config): Required<Command>['settle'] {
  return async (tx, job) => {
    const past = (await readPast(tx, job)).filter(({ deploymentId }) => deploymentId !== job.deploymentId)
    return kind === 'rollback' ? settleRollback(past) : { config: { ...currentConfig(past), ...config } }
  }
}

/** What a command on an instance deploys, its configuration left out. Nothing here may refuse a repeat of what was accepted. */
async function toStart(tx: Tx, key: InstanceKey, kind: Exclude<DeploymentKind, 'create'>): Promise<Omit<Start, 'config'>> {
  const { instance, past } = await getInstance(tx, key)
  if (instance.instance_type === null) throw new Problem('unprocessable', { detail: 'It is not known what this instance is.' })
  const base = { instanceId: key.instanceId, instanceType: instance.instance_type as InstanceType, name: instance.name }
  return { ...base, kind: kind === 'redeploy' ? kindOfDeploying(past) : kind }
}

async function preview(tx: Tx, tenantId: string, { asked, stepsOf }: { asked: PreviewAsked, stepsOf: StepsOf }): Promise<Preview> {
  const { kind, instanceId, config } = asked
  const key = { tenantId, instanceId: instanceId ?? '' }
  const isKnown = instanceId !== undefined && await findInstance(tx, key) !== undefined
  const past = isKnown ? await readPast(tx, key) : []
  const start = isKnown && kind !== 'create' ? { ...await toStart(tx, key, kind ?? 'redeploy'), config: kind === 'rollback' ? toGoBackTo(past).config : { ...currentConfig(past), ...config } } : toNew(asked)
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
