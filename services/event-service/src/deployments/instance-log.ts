/** What the services of an instance print: read where they run, for whoever may read its deployments. */

import type { InstanceLog } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { getDeployed, type DeployedInstance, type InstanceKey } from './past.ts'

/** Which lines of which instance. */
export type AskedLog = DeployedInstance & { wanted: { limit: number, service?: string | undefined } }

/** Reads lines; undefined where there are none to read, as in a simulation. */
export type ReadInstanceLog = (asked: AskedLog) => Promise<InstanceLog | undefined>

/** See the file's head. */
export interface InstanceLogs {
  /** @throws {Problem} `not_found`; `unprocessable` before it was deployed, or where nothing real was; `unavailable` where what it runs on does not answer in time */
  read: (key: InstanceKey, wanted: AskedLog['wanted']) => Promise<InstanceLog>
}

/** Creates it. @param read where this process can read them */
export function createInstanceLogs({ database, read }: { database: Database, read: ReadInstanceLog | undefined }): InstanceLogs {
  return {
    read: async (key, wanted) => {
      const deployed = await database.inTenant(key.tenantId, tx => getDeployed(tx, key))
      const log = await read?.({ ...deployed, wanted }).catch((cause: unknown) => {
        throw cause instanceof Error && cause.name === 'TimeoutError' ? new Problem('unavailable', { cause, detail: 'What the instance runs on does not answer in time.' }) : cause
      })
      if (!log) throw new Problem('unprocessable', { detail: 'Nothing of this instance runs that prints anything.' })
      return log
    },
  }
}
