/**
 * The platform of the column that the vitest project is about: `tests` in this process, `tests-cluster` the real parts behind their
 * gateway (`NEO_COLUMN=scale-out`). What a test says holds in both.
 */

import { afterAll } from 'vitest'
import { DEFAULT_ISSUER, openPostgres, openSharedKeys, tokenPurposes } from '@neo-stack/event-service'
import { connectTestPlatform, createTestPlatform, readTransactions, type TestPlatform } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster/cluster.ts'

/** Whether this is the scale-out column. */
const isScaleOut = process.env['NEO_COLUMN'] === 'scale-out'

/** A cluster takes seconds to start: a file's tests share one. */
let shared: Promise<Cluster> | undefined
if (isScaleOut) afterAll(async () => { await (await shared)?.stop() })

/** Starts it. What is opened on it ends with `stop`. */
export async function startColumn(): Promise<TestPlatform> {
  if (!isScaleOut) return createTestPlatform()
  const { url, demo, databaseUrl } = await (shared ??= startCluster())
  const database = await openPostgres({ url: await databaseUrl(), connections: 2 })
  const keys = await openSharedKeys({ database })
  keys.close()
  const access = connectTestPlatform({ url, demo })
  const stop = async (): Promise<void> => {
    await access.stop()
    await database.close()
  }
  return {
    ...access, database, signingKeys: keys.toJSON(), issuer: DEFAULT_ISSUER, tokenPurposes, stop, [Symbol.asyncDispose]: stop, transactions: () => readTransactions(database),
  }
}
