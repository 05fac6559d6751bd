/** The counter of the inbox against a recount, after thousands of acts from several devices whose connections break. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiError, type Client, type Feed } from '@neo-stack/client'
import { formatChannel, type Envelope, type InboxState } from '@neo-stack/events'
import { until, type Proxy, type TestPlatform } from '@neo-stack/testing'
import { startColumn } from './column.ts'

const tenantId = 'acme'
const ACTS = Number(process.env['NEO_COUNTER_ACTS'] ?? 10_000)
const CUT_EVERY = 500

/** 32-bit linear congruential numbers below 1: the same each time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

/** A device that shows the counter as a portal does: asks when billing says something, believes what the user's other devices say. */
interface Device {
  client: Client
  feeds: Feed[]
  unread: () => number
  /** What the service answers now. */
  ask: () => Promise<number>
}

async function open(client: Client): Promise<Device> {
  const { user } = await client.rest.session.whoAmI()
  let shown = 0
  let [isAsking, isAgain] = [false, false]
  const ask = async (): Promise<number> => (await client.rest.billing.notifications(tenantId, { limit: 1 })).unread
  const show = (): void => {
    isAgain = true
    if (isAsking) return
    isAsking = true
    void (async () => {
      while (isAgain) {
        isAgain = false
        shown = await ask().catch(() => shown)
      }
      isAsking = false
    })()
  }
  const hear = ({ data: { unread } }: Envelope): void => { if (typeof unread === 'number') shown = unread }
  const feeds = [
    client.feeds.events(formatChannel('billing', { tenantId }), { onSnapshot: show, onEvent: show }),
    client.feeds.events(formatChannel('user', { tenantId, userId: user.id }), {
      onSnapshot: show,
      onEvent: event => {
        hear(event)
        if (isAsking) isAgain = true
      },
    }),
  ]
  for (const feed of feeds) feed.start()
  await until(() => feeds.every(({ status }) => status.state === 'live'), { timeoutMs: 30_000, what: 'live feeds' })
  return { client, feeds, unread: () => shown, ask }
}

let platform: TestPlatform
let proxy: Proxy
const devices: Device[] = []

beforeAll(async () => {
  platform = await startColumn()
  proxy = await platform.proxy()
  const quick = { connection: { minReconnectMs: 20, maxReconnectMs: 200 }, feeds: { retry: { baseMs: 20, maxMs: 200 } } }
  for (const role of ['owner', 'owner', 'manager', 'manager'] as const) devices.push(await open(await platform.client(role, tenantId, { proxy, ...quick })))
})
afterAll(() => platform.stop())

test(`the counter is what a recount counts after ${ACTS} random acts from four devices that reconnect`, async () => {
  const random = createRandom(5)
  const service = platform.service(tenantId)
  const ids: string[] = []
  const marks: string[] = []
  let done = 0

  const publish = async (): Promise<void> => {
    const n = ids.length
    const { id } = await service.rest.events.publish({
      channel: formatChannel('billing', { tenantId }), type: 'billing_payment',
      data: { paymentId: `p-${Math.floor(random() * 200)}`, status: (['pending', 'failed', 'completed'] as const)[n % 3] ?? 'pending', message: `payment ${n}` },
    })
    ids.push(id)
  }
  const act = async ({ client: { rest: { billing } } }: Device): Promise<void> => {
    const dice = random()
    const id = ids[Math.floor(random() * ids.length)]
    if (dice < 0.06 || id === undefined) return publish()
    if (dice < 0.08) { marks.push((await billing.readAll(tenantId)).mark); return }
    const mark = marks.at(-1)
    if (dice < 0.1 && mark !== undefined) { await billing.undoReadAll(tenantId, mark); return }
    const state: InboxState = dice < 0.5 ? 'read' : dice < 0.8 ? 'unread' : 'archived'
    await billing.mark({ tenantId, id, state })
  }
  const use = async (device: Device): Promise<void> => {
    while (done < ACTS) {
      // Another's mark is refused, and what was cut off may have been carried out or not: the recount decides.
      await act(device).catch((error: unknown) => { if (!(error instanceof ApiError)) throw error })
      if (++done % CUT_EVERY === 0) proxy.cut()
    }
  }
  await Promise.all(devices.map(use))
  expect(ids.length).toBeGreaterThan(100)
  expect(proxy.counts.cut).toBeGreaterThan(10)

  for (const device of devices) {
    const { user } = await device.client.rest.session.whoAmI()
    const recounted = await recount(user.id)
    expect(await device.ask()).toBe(recounted)
    await until(() => device.unread() === recounted, { timeoutMs: 30_000, what: `the device to show ${recounted}, it shows ${device.unread()}` })
  }
}, 1_800_000)

/** Reads every notification and what one user did, and decides one by one. */
async function recount(userId: string): Promise<number> {
  return platform.database.inTenant(tenantId, async tx => {
    const all = await tx.selectFrom('billing_notifications').select(['id', 'n', 'settled']).execute()
    const states = await tx.selectFrom('billing_states').select(['notification_id', 'state']).where('user_id', '=', userId).where('superseded_by', 'is', null).execute()
    const own = new Map(states.map(({ notification_id: id, state }) => [id, state]))
    const mark = Number((await tx.selectFrom('billing_marks').select('n').where('user_id', '=', userId).executeTakeFirst())?.n ?? 0)
    return all.filter(({ id, n, settled }) => (own.get(id) ?? (Number(n) <= mark || settled ? 'read' : 'unread')) === 'unread').length
  })
}
