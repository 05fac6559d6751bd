/**
 * The platform of the column that the vitest project is about: `tests` in this process, `tests-cluster` the real parts behind their
 * gateway (`NEO_COLUMN=scale-out`). What a test says holds in both.
 */

import { afterAll } from 'vitest'
import { DEFAULT_ISSUER, openPostgres, openSharedKeys, tokenPurposes, type Database } from '@neo-stack/event-service'
import {
  connectTestPlatform, createProxy, createTestPlatform, findFreePort, readTransactions, startPlatform, until, type DemoFile, type Proxy, type TestPlatform, type TestPlatformOptions,
} from '@neo-stack/testing'
import { startCluster, type Cluster } from './cluster/cluster.ts'
import { platformMain } from './paths.ts'

/** Whether this is the scale-out column. */
export const isScaleOut = process.env['NEO_COLUMN'] === 'scale-out'

/** How long logs stand still once the demonstration was played, in milliseconds. */
const STILL_MS = 3000

/** A cluster takes seconds to start: a file's tests share one. */
let shared: Promise<Cluster> | undefined
if (isScaleOut) afterAll(async () => { await (await shared)?.stop() })

/** How a platform is wanted. */
export interface ColumnOptions extends Pick<TestPlatformOptions, 'onFault'> {
  /** Nobody used it before, and nothing of the demonstration is still to come. @default a file's tests share a cluster */
  isFresh?: boolean
}

/** Starts it. What is opened on it ends with `stop`. `onFault` is told by the embedded column; the other one's processes write logs. */
export async function startColumn({ onFault, isFresh = false }: ColumnOptions = {}): Promise<TestPlatform> {
  if (!isScaleOut) return createTestPlatform(onFault && { onFault })
  if (!isFresh) return connectColumn(await (shared ??= startCluster()))
  const cluster = await startCluster()
  let column: TestPlatform | undefined
  const stop = async (): Promise<void> => {
    await column?.stop()
    await cluster.stop()
  }
  try {
    column = await connectColumn(cluster)
    await untilPlayed(column.database)
  } catch (error) {
    await stop()
    throw error
  }
  return { ...column, stop, [Symbol.asyncDispose]: stop }
}

async function connectColumn({ url, demo, databaseUrl }: Cluster): Promise<TestPlatform> {
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

/** Logs stand still for longer than the demonstration pauses, and what it runs was sampled. */
async function untilPlayed(database: Database): Promise<void> {
  let [seq, since] = ['', 0]
  await until(async () => {
    const { rows: [row] } = await database.jobs.executeSql('select sum(seq)::text as seq, exists (select from metric_samples where tenant_id = \'acme\') as sampled from channels') as { rows: { seq: string, sampled: boolean }[] }
    if (row?.seq !== seq) [seq, since] = [String(row?.seq), performance.now()]
    return row?.sampled === true && performance.now() - since > STILL_MS
  }, { timeoutMs: 60_000, everyMs: 100, what: 'the demonstration to be played' })
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
