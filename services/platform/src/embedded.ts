/** The embedded column: PGlite in the data folder and the engine in this process. */

import { createEmbeddedRealtime, createRevocation, openPglite, type Database } from '@neo-stack/event-service'
import type { Config } from './config.ts'
import { DatabaseError, type DataFolder } from './data-folder.ts'
import { createLogs } from './logs.ts'
import { openTracer, type Parts } from './parts.ts'
import { openRotatingKeys } from './secrets.ts'

/** Opens the parts. @throws {DatabaseError} */
export async function openEmbedded(config: Config, folder: DataFolder): Promise<Parts> {
  const logs = createLogs(config)
  const database = await openDatabase(folder, error => {
    // What restarts the process finds the folder as after kill -9.
    logs.of('installation').fatal({ err: error }, 'the embedded database has ended by itself, and the process with it')
    process.exit(1)
  })
  try {
    const keys = await openRotatingKeys(folder)
    const revocation = await createRevocation({ database })
    const origins = [...config.allowedOrigins, ...config.publicUrl === undefined ? [] : [new URL(config.publicUrl).origin]]
    const realtime = createEmbeddedRealtime({
      jwks: () => keys.jwks, isAllowed: revocation.isAllowed, ...origins.length > 0 && { allowedOrigins: origins },
      onFault: error => { logs.of('realtime').error({ err: error }, 'the engine reported a fault') },
    })
    const traced = await openTracer(config)
    return {
      database, keys, rotateKeys: keys.rotate, revocation, logs, realtime, ...traced,
      close: async () => {
        await traced.tracer?.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Opens the database of a locked folder. @param onLost see {@link openPglite} @throws {DatabaseError} */
export async function openDatabase(folder: DataFolder, onLost?: (error: Error) => void): Promise<Database> {
  try {
    return await openPglite({ dataDir: folder.database, inThread: true, ...onLost && { onLost } })
  } catch (error) {
    throw new DatabaseError(`The database in ${folder.database} cannot be opened: it is damaged or not ours; restore a backup, or move the folder away to start empty.`, { cause: error })
  }
}
