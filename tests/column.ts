/**
 * The platform of the column that the vitest project is about: `tests` in this process, `tests-cluster` the real parts behind their
 * gateway (`NEO_COLUMN=scale-out`). What a test says holds in both.
 */

import { afterAll } from 'vitest'
import { DEFAULT_ISSUER, openPostgres, openSharedKeys, tokenPurposes } from '@neo-stack/event-service'
import { connectTestPlatform, createProxy, createTestPlatform, findFreePort, readTransactions, startPlatform, type DemoFile, type Proxy, type TestPlatform, type TestPlatformOptions } from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster/cluster.ts'
import { platformMain } from './paths.ts'

/** Whether this is the scale-out column. */
export const isScaleOut = process.env['NEO_COLUMN'] === 'scale-out'

/** A cluster takes seconds to start: a file's tests share one. */
let shared: Promise<Cluster> | undefined
if (isScaleOut) afterAll(async () => { await (await shared)?.stop() })

/** Starts it. What is opened on it ends with `stop`. @param onFault of the embedded column; the other one's processes write logs */
export async function startColumn({ onFault }: Pick<TestPlatformOptions, 'onFault'> = {}): Promise<TestPlatform> {
  if (!isScaleOut) return createTestPlatform(onFault && { onFault })
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

/** The platform as processes, and the network between it and people. */
export interface Served {
  /** Its own address, which no fault of the proxy touches. */
  url: string
  demo: DemoFile
  /** Its address is the one that people use. */
  proxy: Proxy
  stop: () => Promise<void>
}

/** Starts it. @param portals `auto` builds those that were not built */
export async function serveColumn(portals: 'auto' | 'none'): Promise<Served> {
  const env = { NEO_PORTALS: portals, PATH: process.env['PATH'] ?? '' }
  if (!isScaleOut) {
    const platform = await startPlatform({ main: platformMain, env, readyTimeoutMs: 240_000 })
    return served(platform.url, await platform.demo(), await createProxy({ target: platform.url }), platform.stop)
  }
  // Centrifugo takes browsers of the public address only, which has to be known before.
  const port = await findFreePort()
  const proxy = await createProxy({ target: `http://127.0.0.1:${port}` })
  const { url, demo, stop } = await startCluster({ ...env, PORT: String(port), NEO_PUBLIC_URL: proxy.url })
  return served(url, demo, proxy, stop)
}

function served(url: string, demo: DemoFile, proxy: Proxy, stop: () => Promise<void>): Served {
  return { url, demo, proxy, stop: async () => {
    await proxy.stop()
    await stop()
  } }
}
