/** The scale-out column: PostgreSQL, Redis and Centrifugo nodes, shared with other processes like this one. */

import { createCentrifugoRealtime, createRedisStore, createRevocation, listHolders, openPostgres, openSharedKeys, type Database } from '@neo-stack/event-service'
import type { Config, ScaleOut } from './config.ts'
import { DatabaseError, reasonOf } from './data-folder.ts'
import { createLogs } from './logs.ts'
import { openTracer, type Parts } from './parts.ts'

/** Centrifugo does not ask whether somebody was revoked, so that tokens live shortly. */
const TOKEN_SECONDS = 60
/** Who has not heard for this long what others revoked lets nobody in, in milliseconds. */
const STALE_MS = 10_000

/** Opens the parts. @throws {DatabaseError} */
export async function openScaleOut(config: Config, { databaseUrl, redisUrl, centrifugoUrls, centrifugoApiKey }: ScaleOut): Promise<Parts> {
  const logs = createLogs(config)
  const onFault = (error: unknown): void => { logs.of('installation').error({ err: error }, 'a part of the installation does not answer') }
  const database = await openSharedDatabase(databaseUrl, onFault)
  try {
    // The first of several processes makes the keys, the others find them.
    const keys = await database.alone(() => openSharedKeys({ database, onFault }))
    const presenceStore = createRedisStore({ url: redisUrl, onFault })
    const traced = await openTracer(config)
    return {
      ...traced, database, keys, logs, presenceStore, realtimeSeconds: TOKEN_SECONDS, isBehindGateway: true,
      revocation: await createRevocation({ database, staleAfterMs: STALE_MS }),
      realtime: createCentrifugoRealtime({ nodes: centrifugoUrls, key: centrifugoApiKey, usersOf: tenantId => listHolders(database, tenantId), onFault }),
      close: async () => {
        await traced.tracer?.close()
        keys.close()
        await presenceStore.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Opens the shared database. @throws {DatabaseError} */
export async function openSharedDatabase(url: string, onFault: (error: unknown) => void): Promise<Database> {
  try {
    return await openPostgres({ url, onFault })
  } catch (error) {
    throw new DatabaseError(`The database of DATABASE_URL cannot be opened: ${reasonOf(error)}.`, { cause: error })
  }
}
