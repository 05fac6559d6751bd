/** A full tenant over HTTP and sockets: people who beat, some who watch, and some who come in while they do. */

import { readFile } from 'node:fs/promises'
import { createClient, type Client } from '@neo-stack/client'
import { until, type PlatformProcess } from '@neo-stack/testing'
import { runClosedLoop, runOpenLoop } from './load.ts'
import { startBareServer, watchGenerator, type BenchContext, type Measured } from './scenario.ts'
import { summarise } from './statistics.ts'
import { readCpuSeconds } from './usage.ts'

const MEMBERS = 1000
const WATCHING = 25
const JOINS_PER_SECOND = 20
const BEATS_PER_SECOND = MEMBERS / 25
const AT_ONCE = 16

interface Member {
  userId: string
  token: string
}

/** When each user was first shown as present, at whoever watches. */
type Shown = Map<string, number[]>

/** Measures joins among members who beat each 25 s, then what heartbeats cost the server. */
export async function measureMembers(context: BenchContext): Promise<Measured> {
  const joining = JOINS_PER_SECOND * context.seconds
  await using platform = await startBareServer(context, { BENCH_MEMBERS: String(MEMBERS + joining) })
  const all = JSON.parse(await readFile(`${platform.dataDir}/members.json`, 'utf8')) as Member[]
  const [here, coming] = [all.slice(0, MEMBERS), all.slice(MEMBERS)]
  const beat = createBeat(platform)
  await runAll(here, beat)
  const shown: Shown = new Map()
  const watchers = await Promise.all(here.slice(0, WATCHING).map(member => watch(platform, member, shown)))
  try {
    return await watchGenerator(async () => {
      const sentAt = new Map<string, number>()
      const rest = runOpenLoop({ perSecond: BEATS_PER_SECOND, seconds: context.seconds }, index => beat(here[index % MEMBERS]))
      await runOpenLoop({ perSecond: JOINS_PER_SECOND, seconds: context.seconds }, async index => {
        const member = coming[index]
        if (member) sentAt.set(member.userId, performance.now())
        await beat(member)
      })
      await rest
      await until(() => coming.every(({ userId }) => shown.get(userId)?.length === WATCHING), { timeoutMs: 30_000, what: 'every join at everybody who watches' })
      const { p50, p99, count } = summarise([...sentAt].flatMap(([userId, at]) => (shown.get(userId) ?? []).map(seen => seen - at)))
      const cpuMs = await measureCost(platform, { here, beat, seconds: context.seconds / 2 })
      return [
        { name: `join sent → visible to ${WATCHING} of ${MEMBERS} members, p50`, value: p50, unit: 'ms' },
        { name: `join sent → visible to ${WATCHING} of ${MEMBERS} members, p99`, value: p99, unit: 'ms', goal: '≤ 500' },
        { name: 'joins seen', value: count, unit: '' },
        { name: `server CPU per 1,000 heartbeats over HTTP, ${MEMBERS} members`, value: cpuMs, unit: 'ms' },
      ]
    })
  } finally {
    await Promise.all(watchers.map(one => one.close()))
  }
}

function createBeat({ url }: PlatformProcess): (member: Member | undefined) => Promise<void> {
  return async member => {
    const answer = await fetch(`${url}/v1/tenants/acme/presence/me/tab`, {
      method: 'PUT', body: '{"currentPage":"/deployments","hidden":false}', headers: { 'authorization': `Bearer ${member?.token ?? ''}`, 'content-type': 'application/json' },
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`a heartbeat was answered ${answer.status}: ${text}`)
  }
}

async function runAll(members: readonly Member[], beat: (member: Member) => Promise<void>): Promise<void> {
  const left = [...members]
  const loop = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await beat(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
}

/** A portal's own feed of who is here. */
async function watch({ url }: PlatformProcess, { token }: Member, shown: Shown): Promise<Client> {
  const client = createClient({ baseUrl: url, apiKey: token })
  const present = new Set<string>()
  const feed = client.feeds.presence('acme', { onChange: (_users, changed) => {
    const at = performance.now()
    for (const { userId, status } of changed) {
      if (status === 'offline' || present.has(userId)) continue
      present.add(userId)
      shown.set(userId, [...shown.get(userId) ?? [], at])
    }
  } })
  feed.start()
  await until(() => feed.status.state === 'live', { timeoutMs: 30_000, what: 'a live feed' })
  return client
}

/** Milliseconds of the server's CPU for a thousand heartbeats that say nothing new. */
async function measureCost(platform: PlatformProcess, { here, beat, seconds }: { here: readonly Member[], beat: (member: Member | undefined) => Promise<void>, seconds: number }): Promise<number> {
  const before = await readCpuSeconds(platform.pid)
  const { length } = await runClosedLoop({ parallel: AT_ONCE, seconds }, index => beat(here[index % here.length]))
  return (await readCpuSeconds(platform.pid) - before) * 1000 / (length / 1000)
}
