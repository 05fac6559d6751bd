/** What the services of an instance print: read where they run, for whoever may read its deployments. */

import type { DeployedInstance, InstanceLog, InstanceLogWish } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { askDriver, type AskedDriver } from './ask-driver.ts'
import type { InstanceKey } from './past.ts'

/** Which lines of which instance. */
export type AskedLog = DeployedInstance & { wanted: InstanceLogWish }

/** Reads lines; undefined where there are none to read, as in a simulation. */
export type ReadInstanceLog = (asked: AskedLog) => Promise<InstanceLog | undefined>

/** See the file's head. */
export interface InstanceLogs {
  /** @throws {Problem} `not_found`; `unprocessable` before it was deployed, or where nothing real was; `unavailable` where what it runs on does not answer in time */
  read: (key: InstanceKey, wanted: InstanceLogWish) => Promise<InstanceLog>
}

/** Creates it. @param asked with `read` where this process can read them */
export function createInstanceLogs({ read, ...asked }: Omit<AskedDriver<InstanceLog>, 'read'> & { read: ReadInstanceLog | undefined }): InstanceLogs {
  return {
    read: async (key, wanted) => {
      const log = await askDriver<InstanceLog>({ ...asked, read: read && (deployed => read({ ...deployed, wanted })) }, key)
      if (!log) throw new Problem('unprocessable', { detail: 'Nothing of this instance runs that prints anything.' })
      return log
    },
  }
}
