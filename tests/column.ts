/**
 * The platform of the column that the vitest project is about: `tests` in this process, `tests-cluster` the real parts behind their
 * gateway (`NEO_COLUMN=scale-out`). What a test says holds in both.
 */

import { afterAll } from 'vitest'
import { DEFAULT_ISSUER, openPostgres, openSharedKeys, tokenPurposes } from '@neo-stack/event-service'
import {
  connectTestPlatform, createProxy, createTestPlatform, findFreePort, readTransactions, startPlatform, until, type DemoFile, type Proxy, type TestPlatform, type TestPlatformOptions,
} from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster/cluster.ts'
import { platformMain } from './paths.ts'

/** Whether this is the scale-out column. */
export const isScaleOut = process.env['NEO_COLUMN'] === 'scale-out'

/** A cluster takes seconds to start: a file's tests share one. */
let shared: Promise<Cluster> | undefined
if (isScaleOut) afterAll(async () => { await (await shared)?.stop() })

/** Starts it. What is opened on it ends with `stop`. `onFault` is told by the embedded column; the other one's processes write logs. */
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

/** The platform as processes. */
export interface Processes {
  url: string
  demo: DemoFile
  /** kill -9 of whatever serves `/v1`. */
  kill: () => Promise<void>
  /** Resolves when it serves again, after `kill`. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

/** The platform as processes, and the network between it and people. */
export interface Served extends Processes {
  /** Its address is the one that people use; no fault of it touches `url`. */
  proxy: Proxy
}

const READY_MS = 480_000
/** Longer than the gateway remembers that a service was away. */
const REFUSED_MS = 1200

/** Starts it with its portals, built before where they were not. @param env further settings */
export async function startProcesses(env: Readonly<Record<string, string>> = {}): Promise<Processes> {
  const settings = { NEO_PORTALS: 'auto', PATH: process.env['PATH'] ?? '', ...env }
  if (isScaleOut) {
    const cluster = await startCluster(settings)
    return { ...cluster, ...servicesOf(cluster) }
  }
  const platform = await startPlatform({ main: platformMain, env: settings, readyTimeoutMs: READY_MS })
  const kill = async (): Promise<void> => { await platform.kill() }
  return { url: platform.url, demo: await platform.demo(), kill, restart: platform.restart, stop: platform.stop }
}

/** Both services die; whoever keeps the parts running starts them again. */
function servicesOf({ url: gateway, part, signal }: Cluster): Pick<Processes, 'kill' | 'restart'> {
  const names = ['event-service-1', 'event-service-2']
  let before: number[] = []
  return {
    kill: async () => {
      before = await Promise.all(names.map(async name => (await part(name)).pid))
      await Promise.all(names.map(name => signal(name, 'SIGKILL')))
    },
    restart: async () => {
      await until(async () => {
        const parts = await Promise.all(names.map(part))
        if (parts.some(({ pid }) => before.includes(pid))) return false
        return (await Promise.all(parts.map(async ({ url }) => (await fetch(`${url}/readyz`)).ok))).every(Boolean)
      }, { timeoutMs: 60_000, everyMs: 100, what: 'both services again' })
      // Each worker of the gateway leaves a service alone for a second after it was refused.
      let refusedAt = performance.now()
      await until(async () => {
        if (!(await fetch(`${gateway}/readyz`)).ok) refusedAt = performance.now()
        return performance.now() - refusedAt > REFUSED_MS
      }, { timeoutMs: 30_000, everyMs: 50, what: 'the gateway to lead to them' })
    },
  }
}

/** Starts it. @param portals `auto` builds those that were not built */
export async function serveColumn(portals: 'auto' | 'none'): Promise<Served> {
  const env = { NEO_PORTALS: portals }
  if (!isScaleOut) {
    const platform = await startProcesses(env)
    return served(platform, await createProxy({ target: platform.url }))
  }
  // Centrifugo takes browsers of the public address only, which has to be known before.
  const port = await findFreePort()
  const proxy = await createProxy({ target: `http://127.0.0.1:${port}` })
  return served(await startProcesses({ ...env, PORT: String(port), NEO_PUBLIC_URL: proxy.url }), proxy)
}

const served = (platform: Processes, proxy: Proxy): Served => ({ ...platform, proxy, stop: async () => {
  await proxy.stop()
  await platform.stop()
} })
