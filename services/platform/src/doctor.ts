/**
 * `platform doctor`: looks at everything the platform stands on, changes nothing, and says what to do. What it finds is told as it is
 * found; the process may run meanwhile.
 */

import { existsSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { probeCentrifugo, probePostgres, probeRedis, readKeySet, type KeySetJson } from '@neo-stack/event-service'
import { isBuilt, listPortals } from './build-portals.ts'
import { readConfig, type Config, type ScaleOut } from './config.ts'
import { openDataFolder, readJsonFile, reasonOf } from './data-folder.ts'
import { judgeCentrifugo, judgeClock, judgeDelivery, judgeDisk, judgeKeys, judgePostgres, judgeSecret, type Finding } from './findings.ts'
import { explain } from './failure.ts'

const TIMEOUT_MS = 3000
const SECRETS = ['keys.json', 'instance-key.json', 'demo.json']

/** Looks at everything, one part after the other. */
export async function* examine(env: Readonly<Record<string, string | undefined>>): AsyncGenerator<Finding> {
  let config: Config
  try {
    config = readConfig(env)
  } catch (error) {
    yield { part: 'configuration', state: 'fault', says: explain(error), advice: 'See docs/reference/settings.md.' }
    return
  }
  const { scaleOut, dataDir } = config
  yield { part: 'configuration', state: 'ok', says: scaleOut ? 'The scale-out column: PostgreSQL, Redis and Centrifugo.' : 'The embedded column: everything in one process.' }
  const isRunning = await answers(`${ownUrl(config)}/livez`)
  yield* examineFolder(dataDir, isRunning)
  yield* scaleOut ? examineParts(scaleOut) : []
  yield* examinePortals(config)
  yield* isRunning ? examineProcess(config) : [{ part: 'process', state: 'ok', says: `Nothing listens on ${ownUrl(config)}.`, advice: 'npm start starts it.' } satisfies Finding]
}

const ownUrl = ({ host, port }: Config): string => `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(({ ok }) => ok, () => false)
}

/** What a running process says, whatever its status; undefined: nothing that is JSON. */
async function read(url: string): Promise<unknown> {
  return fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(answer => answer.json()).catch(() => undefined)
}

const readySchema = z.object({ status: z.string(), parts: z.object({ delivery: z.record(z.string(), z.string()).optional() }) })
const keysSchema = z.object({ keys: z.array(z.unknown()) })

async function* examineFolder(dataDir: string, isRunning: boolean): AsyncGenerator<Finding> {
  const part = 'data folder'
  if (!existsSync(dataDir)) return yield { part, state: 'ok', says: `${dataDir} is not there yet: the first start makes it.` }
  try {
    openDataFolder(dataDir).unlock()
    yield { part, state: 'ok', says: `${dataDir} can be written, and no process uses it.` }
  } catch (error) {
    yield isRunning ? { part, state: 'ok', says: `${dataDir} is in use by the running platform.` } : { part, state: 'fault', says: explain(error) }
  }
  const { bavail, blocks, bsize } = await statfs(dataDir)
  yield judgeDisk({ free: bavail * bsize, total: blocks * bsize })
  for (const file of SECRETS.map(name => path.join(dataDir, name)).filter(existsSync)) yield judgeSecret(file, statSync(file).mode)
  yield* examineTokens(path.join(dataDir, 'keys.json'))
}

async function* examineTokens(file: string): AsyncGenerator<Finding> {
  const part = 'tokens'
  try {
    const kept = readJsonFile(file)
    if (kept === undefined) return
    const { jwks } = await readKeySet(kept as KeySetJson)
    yield { part, state: 'ok', says: `${jwks.keys.length} signing key${jwks.keys.length === 1 ? '' : 's'} can be read.` }
  } catch {
    yield { part, state: 'fault', says: `${file} does not hold signing keys.`, advice: 'Restore it from a backup, or remove it to sign everybody out.' }
  }
}

async function* examineParts({ databaseUrl, redisUrl, centrifugoUrls, centrifugoApiKey }: ScaleOut): AsyncGenerator<Finding> {
  try {
    const facts = await probePostgres(databaseUrl)
    yield judgePostgres(facts)
    yield judgeClock('PostgreSQL', facts.now - Date.now())
  } catch (error) {
    yield { part: 'database', state: 'fault', says: `PostgreSQL does not answer: ${reasonOf(error)}.`, advice: 'Start it, or correct DATABASE_URL.' }
  }
  yield await probeRedis(redisUrl).then(({ tookMs }): Finding => ({ part: 'redis', state: 'ok', says: `Redis answers in ${tookMs.toFixed(1)} ms.` }), (error: unknown): Finding => (
    { part: 'redis', state: 'fault', says: `Redis does not answer: ${reasonOf(error)}.`, advice: 'Start it, or correct REDIS_URL.' }))
  yield* judgeCentrifugo(await Promise.all(centrifugoUrls.map(async node => {
    try {
      return { node, facts: await probeCentrifugo(node, centrifugoApiKey) }
    } catch (error) {
      return { node, isForeign: (error as { kind?: unknown }).kind === 'unauthorized' }
    }
  })))
}

function* examinePortals({ portals }: Config): Generator<Finding> {
  if (portals === 'none') return yield { part: 'portals', state: 'ok', says: 'This process serves no portals.' }
  const missing = listPortals().filter(portal => !isBuilt(portal)).map(({ name }) => name)
  yield { part: 'portals', state: 'ok', says: missing.length === 0 ? 'All portals are built.' : `The next start builds ${missing.join(', ')} (some seconds each).` }
}

async function* examineProcess(config: Config): AsyncGenerator<Finding> {
  const part = 'process'
  const url = ownUrl(config)
  const told = readySchema.safeParse(await read(`${url}/readyz`))
  if (told.data?.status === 'ok') yield { part, state: 'ok', says: `The platform on ${url} takes publishes.` }
  else yield { part, state: 'fault', says: `The platform on ${url} runs but takes no publishes.`, advice: 'Look at /readyz for the part, and at its log.' }
  yield* judgeDelivery(told.data?.parts.delivery ?? {})
  yield judgeKeys(keysSchema.safeParse(await read(`${url}/.well-known/jwks.json`)).data?.keys.length ?? 0)
  if (config.publicUrl === undefined) return
  if (await answers(`${config.publicUrl}/livez`)) yield { part: 'gateway', state: 'ok', says: `${config.publicUrl} leads here.` }
  else yield { part: 'gateway', state: 'warning', says: `${config.publicUrl} does not answer from this machine.`, advice: 'Look at the gateway, or correct NEO_PUBLIC_URL.' }
}

const SIGNS = { ok: '✔', warning: '!', fault: '✘' } as const

/** One finding as lines of text. */
export const formatFinding = ({ part, state, says, advice }: Finding): string => `${SIGNS[state]} ${part.padEnd(14)} ${says}${advice === undefined ? '' : `\n${' '.repeat(17)}→ ${advice}`}\n`
