/** Many tenants that push a sample each second, and clients that follow some of them: what is lost on the way, and what it costs. */

import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { createClient, type Client } from '@neo-stack/client'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { runOpenLoop } from '../load.ts'
import { post } from '../scenarios/publish.ts'
import { startBareServer, watchGenerator, type BenchContext, type Measured } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import { readCpuSeconds } from '../usage.ts'

/** Series: one figure of one tenant each. */
export const SERIES = 2000
/** Figures of a sample. */
const FIGURES = 7
const TENANTS = Math.ceil(SERIES / FIGURES)
/** Tenants whose samples are followed by a client too. */
const FOLLOWED = 20
/** Seconds of load before anything is measured: a cold server is not what stays. */
const WARM_SECONDS = 5
const SOCKETS = 64
/** A server that is too slow shall show as a figure, not as a failure. */
const PATIENCE_MS = 60_000
/** Questions at once while what was kept is counted. */
const AT_ONCE = 8
/** A connection that the server closed just then is no answer; a sample that is said again is the same one. */
const ATTEMPTS = 3

interface Pushing { tenantId: string, key: string }

/** Pushes over HTTP, evenly over each second, for as long as the context says. */
export async function measureIngest(context: BenchContext): Promise<Measured> {
  await using platform = await startBareServer(context, { BENCH_PUSHING: String(TENANTS) })
  const tenants = JSON.parse(await readFile(`${platform.dataDir}/pushing.json`, 'utf8')) as Pushing[]
  const first = Math.floor(Date.now() / 1000)
  const push = createPush(platform, { tenants, first })
  await runOpenLoop({ perSecond: TENANTS, seconds: WARM_SECONDS }, push)
  const followed = await Promise.all(tenants.slice(0, FOLLOWED).map(one => follow(platform, one)))
  try {
    return await watchGenerator(async () => {
      const from = first + WARM_SECONDS
      const [took, before] = [new Array<number>(), await readCpuSeconds(platform.pid)]
      let refused = 0
      await runOpenLoop({ perSecond: TENANTS, seconds: context.seconds }, async index => {
        const startedAt = performance.now()
        if (await push(index + WARM_SECONDS * TENANTS)) took.push(performance.now() - startedAt)
        else refused++
      })
      const cpuSeconds = await readCpuSeconds(platform.pid) - before
      const all = TENANTS * context.seconds
      const kept = await countKept(platform, tenants, { from, to: from + context.seconds - 1 })
      // What is still on its way has a little time; what is missing then is lost.
      await until(() => countTold(followed, from) >= FOLLOWED * context.seconds, { timeoutMs: 5000 }).catch(() => undefined)
      const { p50, p99 } = summarise(took)
      return [
        { name: `samples pushed, ${SERIES} series (${TENANTS} tenants of ${FIGURES} figures) at 1 Hz`, value: all, unit: '' },
        { name: 'samples refused', value: refused, unit: '', goal: '0' }, { name: 'samples lost in the store', value: all - kept, unit: '', goal: '0' },
        { name: `samples lost on the way to ${FOLLOWED} readers`, value: FOLLOWED * context.seconds - countTold(followed, from), unit: '', goal: '0' },
        { name: 'sample sent → accepted, p50', value: p50, unit: 'ms' }, { name: 'sample sent → accepted, p99', value: p99, unit: 'ms' },
        { name: `server CPU per 1,000 samples, roll-ups${context.database === undefined ? ' and database' : ''} with it`, value: cpuSeconds / all * 1000, unit: 's' },
      ]
    })
  } finally {
    await Promise.all(followed.map(({ client }) => client.close()))
    // Not killed: a profile is written at the end.
    await platform.terminate()
  }
}

/** Sends the `index`th sample: of each tenant in turn, of each second in turn. @returns whether it was accepted */
function createPush({ url }: PlatformProcess, { tenants, first }: { tenants: readonly Pushing[], first: number }): (index: number) => Promise<boolean> {
  // As in the scenario of publishing: the generator must not be what is measured.
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS })
  return index => {
    const { tenantId = '', key = '' } = tenants[index % TENANTS] ?? {}
    const at = first + Math.floor(index / TENANTS)
    const body = JSON.stringify({ at, cpu: at % 100, memory: 20, disk: 30, networkIn: 1000, networkOut: 2000, activeInstances: 1, uptime: at })
    const send = (attempts: number): Promise<boolean> => post(new URL(`/v1/tenants/${tenantId}/metrics`, url), { agent, key, body })
      .then(() => true, () => attempts > 1 && send(attempts - 1))
    return send(ATTEMPTS)
  }
}

/** Samples that the database has of all tenants. */
async function countKept({ url }: PlatformProcess, tenants: readonly Pushing[], { from, to }: { from: number, to: number }): Promise<number> {
  const left = [...tenants]
  let kept = 0
  const loop = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) {
      const answer = await fetch(`${url}/v1/tenants/${next.tenantId}/metrics?from=${from}&to=${to}&step=1`, { headers: { authorization: `Bearer ${next.key}` } })
      kept += (await answer.json() as { samples: { at: number }[] }).samples.length
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
  return kept
}

interface Followed { client: Client, told: Set<number> }

/** A reader that is live, and the seconds that it was told of. */
async function follow({ url }: PlatformProcess, { tenantId, key }: Pushing): Promise<Followed> {
  const told = new Set<number>()
  const client = createClient({ baseUrl: url, apiKey: key })
  const feed = client.feeds.tenantMetrics(tenantId, { onSnapshot: samples => { for (const { at } of samples) told.add(at) }, onSample: ({ at }) => { told.add(at) } })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs: PATIENCE_MS, what: 'a live reader' })
  return { client, told }
}

const countTold = (followed: readonly Followed[], from: number): number => followed.reduce((sum, { told }) => sum + [...told].filter(at => at >= from).length, 0)
