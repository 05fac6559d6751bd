/** The account that a deployment made on an instance: derived when somebody asks, never stored, each look an act in the audit trail. */

import type { Actor, InitialAccount, InstanceType } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { getInstance, type InstanceKey } from './past.ts'
import { versionsOf } from './versions.ts'

/** Derives the account; undefined where there is none to derive, as in a simulation. */
export type ReadAccount = (instance: InstanceKey & { instanceType: InstanceType, config: Record<string, string | number | boolean> }) => Promise<InitialAccount | undefined>

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
      const { instance, past } = await database.inTenant(tenantId, tx => getInstance(tx, { tenantId, instanceId }))
      const version = versionsOf(past).at(-1)
      if (!version || instance.instance_type === null) throw new Problem('unprocessable', { detail: 'This instance is not deployed.' })
      const account = await read?.({ tenantId, instanceId, instanceType: instance.instance_type as InstanceType, config: version.config })
      if (!account) throw new Problem('unprocessable', { detail: 'No account is known for this instance.' })
      await perform({ tenantId, ...look, action: 'instance.password_shown', target: instanceId }, { run: () => Promise.resolve() })
      return account
    },
  }
}
