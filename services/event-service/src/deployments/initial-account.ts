/** The account that a deployment made on an instance: derived when somebody asks, never stored, each look an act in the audit trail. */

import type { Actor, DeployedInstance, InitialAccount } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { askDriver, type AskedDriver } from './ask-driver.ts'
import type { InstanceKey } from './past.ts'

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
  /** @throws {Problem} `not_found`; `unprocessable` before it was deployed, or where nothing real was; `unavailable` where what it runs on, or the database, does not answer in time */
  show: (look: Look) => Promise<InitialAccount>
}

/** Creates it. */
export function createInitialAccounts({ perform, ...asked }: AskedDriver<InitialAccount> & { perform: Perform }): InitialAccounts {
  return {
    show: async ({ tenantId, instanceId, ...look }) => {
      const account = await askDriver(asked, { tenantId, instanceId })
      if (!account) throw new Problem('unprocessable', { detail: 'No account is known for this instance.' })
      await perform({ tenantId, ...look, action: 'instance.password_shown', target: instanceId }, { run: () => Promise.resolve() })
      return account
    },
  }
}
