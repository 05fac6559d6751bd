/** The account that a deployment made on an instance: derived when somebody asks, never stored, each look an act in the audit trail. */

import type { Actor, InitialAccount } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { getDeployed, type DeployedInstance, type InstanceKey } from './past.ts'

/** Derives the account; undefined where there is none to derive, as in a simulation. */
export type ReadAccount = (instance: DeployedInstance) => Promise<InitialAccount | undefined>

/** Who looks at which instance's. */
export interface Look extends InstanceKey {
  actor: Actor
  address?: string | undefined
  isOperators: boolean
}

/** See the file's head. */
export interface InitialAccounts {
  /** @throws {Problem} `not_found`; `unprocessable` before it was deployed, or where nothing real was */
  show: (look: Look) => Promise<InitialAccount>
}

/** Creates it. @param read where this process can derive accounts */
export function createInitialAccounts({ database, perform, read }: { database: Database, perform: Perform, read: ReadAccount | undefined }): InitialAccounts {
  return {
    show: async ({ tenantId, instanceId, ...look }) => {
      const account = await read?.(await database.inTenant(tenantId, tx => getDeployed(tx, { tenantId, instanceId })))
      if (!account) throw new Problem('unprocessable', { detail: 'No account is known for this instance.' })
      await perform({ tenantId, ...look, action: 'instance.password_shown', target: instanceId }, { run: () => Promise.resolve() })
      return account
    },
  }
}
