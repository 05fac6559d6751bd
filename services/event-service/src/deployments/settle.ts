/** What a command on an instance deploys, as its past stands: the configuration, and for a rollback where it goes. Pure. */

import { Problem } from '../errors.ts'
import type { Settled } from './enqueue.ts'
import type { PastOrder } from './past.ts'
import { copyOf, lastGoodVersion, versionsOf, waitingFor } from './versions.ts'

/**
 * What a rollback deploys.
 * @param backTo a version to go back to. @default the last good one
 * @throws {Problem} `unprocessable` when there is no such version, or while a deployment goes on: only its end says where "back" is
 */
export function settleRollback(past: readonly PastOrder[], backTo?: string): Settled {
  if (waitingFor(past) > 0) throw new Problem('unprocessable', { detail: 'Another deployment of this instance has not ended yet: roll back after it, or cancel it.' })
  const version = toGoBackTo(past, backTo)
  const restore = copyOf(past, version.deploymentId)
  if (!restore) throw new Problem('unprocessable', { detail: 'This version of the instance runs already.' })
  return { config: version.config, backTo: version.deploymentId, restore }
}

/** The version that a rollback goes to. @throws {Problem} `unprocessable` when there is none */
export function toGoBackTo(past: readonly PastOrder[], backTo?: string): PastOrder {
  const version = backTo === undefined ? lastGoodVersion(past) : versionsOf(past).find(({ deploymentId }) => deploymentId === backTo)
  if (!version) throw new Problem('unprocessable', { detail: 'There is no earlier version of this instance that ran well.' })
  return version
}

/** What the instance is to be once what is queued has succeeded; the last try where nothing ran yet. */
export function currentConfig(past: readonly PastOrder[]): PastOrder['config'] {
  return (past.findLast(({ status }) => status !== 'failed' && status !== 'cancelled') ?? past.at(-1))?.config ?? {}
}
