/** Presence in a full tenant: over HTTP and sockets with 1,000 members, and the service alone, in this process, with 5,000. */

import { setTimeout as sleep } from 'node:timers/promises'
import { PresenceService } from '@neo-stack/event-service'
import { measureMembers } from '../members.ts'
import { WITH_THE_LOAD, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'

/** Members of the tenant while joins are measured, and while heartbeats are. */
const JOINING = 1000
const BEATING = 5000

const toUserId = (n: number): string => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`

/** A service that notes when each user was told. */
function createObserved(): { presence: PresenceService, toldAt: Map<string, number>, bytes: () => number } {
  const toldAt = new Map<string, number>()
  let bytes = 0
  const deliver = (events: readonly { data: Record<string, unknown> }[]): Promise<void> => {
    for (const event of events) {
      bytes += JSON.stringify(event).length
      for (const { userId } of event.data['users'] as { userId: string }[]) toldAt.set(userId, performance.now())
    }
    return Promise.resolve()
  }
  return { presence: new PresenceService({ realtime: { deliver } }), toldAt, bytes: () => bytes }
}

const beat = (presence: PresenceService, n: number): Promise<unknown> => presence.updatePresence(
  { tenantId: 'acme', userId: toUserId(n), connectionId: 'tab-1' }, () => Promise.resolve({ userName: `Member ${n}`, hideLastSeen: false }), { currentPage: '/deployments', hidden: false })

/** Members come one after the other into a tenant that has as many already. */
async function measureJoins(): Promise<number[]> {
  const { presence, toldAt } = createObserved()
  const startedAt = new Map<string, number>()
  for (let n = 0; n < JOINING; n++) await beat(presence, n)
  for (let n = JOINING; n < 2 * JOINING; n++) {
    startedAt.set(toUserId(n), performance.now())
    await beat(presence, n)
    if (n % 10 === 0) await sleep(7)
  }
  while (toldAt.size < 2 * JOINING) await sleep(10)
  await presence.stop()
  return [...startedAt].map(([userId, at]) => (toldAt.get(userId) ?? Infinity) - at)
}

/** Every member beats once per round and says nothing new; the batches between rounds are part of the cost. */
async function measureBeats(rounds: number): Promise<{ cpuMs: number, listMs: number }> {
  const { presence } = createObserved()
  for (let n = 0; n < BEATING; n++) await beat(presence, n)
  await sleep(600)
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < BEATING; n++) await beat(presence, n)
    await sleep(300)
  }
  const { user, system } = process.cpuUsage(before)
  const at = performance.now()
  await presence.getPresenceList('acme')
  const listMs = performance.now() - at
  await presence.stop()
  return { cpuMs: (user + system) / 1000 / (rounds * BEATING / 1000), listMs }
}

export const presence: Scenario = {
  doc: 'join → visible and CPU of heartbeats with 1,000 members over HTTP and sockets; the service alone with 5,000',
  run: async context => {
    const wire = await measureMembers(context)
    const joins = summarise(await measureJoins())
    const { cpuMs, listMs } = await measureBeats(4)
    return { ...wire, rows: [
      ...wire.rows,
      ...[{ name: `in process: join → told, ${JOINING} members, p50`, value: joins.p50, unit: 'ms' },
      { name: `in process: join → told, ${JOINING} members, p99`, value: joins.p99, unit: 'ms' },
      { name: `in process: CPU per 1,000 heartbeats, ${BEATING} members`, value: cpuMs, unit: 'ms' },
      { name: `in process: list of ${BEATING} members`, value: listMs, unit: 'ms' }].map(row => ({ ...row, cores: WITH_THE_LOAD })),
    ] }
  },
}
