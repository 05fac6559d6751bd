/** Questions about an instance that only what it runs on can answer: its account, what its services print. */

import type { DeployedInstance } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { inTime } from '../in-time.ts'
import { getDeployed, type InstanceKey } from './past.ts'

/** How long an answer is waited for, in milliseconds: longer than a deployer in another process is (`sealed-requests.ts`). */
const PATIENCE_MS = 15_000

/** Where answers come from. */
export interface AskedDriver<Told> {
  database: Database
  /** Undefined where this process cannot ask; gives undefined where there is nothing to say, as in a simulation. */
  read: ((deployed: DeployedInstance) => Promise<Told | undefined>) | undefined
  /** Milliseconds that are waited, for the database too. @default 15_000 */
  patienceMs?: number | undefined
}

/** Asks. @throws {Problem} `not_found`; `unprocessable` before it was deployed; `unavailable` where the answer does not come in time */
export async function askDriver<Told>({ database, read, patienceMs = PATIENCE_MS }: AskedDriver<Told>, key: InstanceKey): Promise<Told | undefined> {
  const late = (cause?: unknown): never => { throw new Problem('unavailable', { cause, detail: 'What the instance runs on does not answer in time.' }) }
  const ask = async (): Promise<Told | undefined> => {
    const deployed = await database.inTenant(key.tenantId, tx => getDeployed(tx, key))
    return read?.(deployed)
  }
  const asked = ask().catch((error: unknown): never => {
    if (error instanceof Error && error.name === 'TimeoutError') late(error)
    throw error
  })
  return inTime(patienceMs, asked, late)
}
