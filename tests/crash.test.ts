/** kill -9 of whatever serves the API during a deployment: nothing acknowledged is lost, the feed goes on, the deployment ends. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createClient, type Client } from '@neo-stack/client'
import { formatChannel, type Envelope, type LogLine } from '@neo-stack/events'
import { createJournal, findDeliveryFaults, until } from '@neo-stack/testing'
import { startProcesses, type Processes } from './column.ts'

const tenantId = 'acme'
const channel = formatChannel('deployments', { tenantId })
const clients: Client[] = []
let platform: Processes | undefined

afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
  await platform?.stop()
  platform = undefined
})

async function connect({ url, demo: { apiKeys, users } }: Processes): Promise<{ member: Client, service: Client }> {
  const { email, password } = users.find(user => user.tenantId === tenantId && user.role === 'member') ?? { email: '', password: '' }
  const quick = { connection: { minReconnectMs: 50, maxReconnectMs: 300 }, feeds: { retry: { baseMs: 50, maxMs: 300 } } }
  const member = createClient({ baseUrl: url, cookieJar: true, ...quick })
  const service = createClient({ baseUrl: url, apiKey: apiKeys.find(key => key.tenantId === tenantId)?.key ?? '', request: { retries: 0, timeoutMs: 3000 } })
  clients.push(member, service)
  await member.session.signIn(email, password)
  return { member, service }
}

/** Appends numbered lines one request after the other, as a retrying service would, and remembers the last one acknowledged. */
function startAppending(service: Client, deploymentId: string): { acknowledged: () => Map<number, string>, stop: () => Promise<void> } {
  const acknowledged = new Map<number, string>()
  let isStopped = false
  const loop = (async () => {
    for (let count = 1; !isStopped;) {
      try {
        const text = `own line ${count}`
        const { last } = await service.rest.logs.append({ tenantId, deploymentId }, { lines: [text] })
        acknowledged.set(last, text)
        count++
      } catch {
        // The process is being killed: an unanswered line may stand 0 or 1 times, so it is not counted on.
        count++
        await sleep(20)
      }
    }
  })()
  return { acknowledged: () => acknowledged, stop: async () => { isStopped = true; await loop } }
}

async function readLog(service: Client, deploymentId: string): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for (;;) {
    const page = await service.rest.logs.page({ tenantId, deploymentId }, { after: lines.length, limit: 5000 })
    lines.push(...page.lines)
    if (lines.length >= page.last || page.lines.length === 0) return lines
  }
}

test('after kill -9 the feed has no hole and no double, the deployment reaches an end and no acknowledged line is lost', async () => {
  platform = await startProcesses({ NEO_PORTALS: 'none' })
  const { member, service } = await connect(platform)
  const journal = createJournal()
  const events: Envelope[] = []
  const feed = member.feeds.events(channel, {
    onSnapshot: snapshot => { for (const event of snapshot) { journal.receive(event); events.push(event) } },
    onEvent: event => { journal.receive(event); events.push(event) },
  })
  feed.start()
  await until(() => feed.status.state === 'live')
  const { seq: seqBefore } = await service.rest.events.history({ channel })
  const firstSeen = events[0]?.seq ?? 1

  const { deploymentId } = await member.rest.deployments.create(tenantId, { instanceType: 'netbox', name: 'Crash' })
  await until(() => events.some(({ type, data }) => type === 'deployment_progress' && data['deploymentId'] === deploymentId), { timeoutMs: 15_000 })

  // A second writer: deployments of its own by the publisher, so that events are in flight in the moment of the kill.
  const own = await service.rest.events.publish({ channel, type: 'deployment_start', data: { deploymentId: 'own-1', instanceType: 'odoo' } })
  journal.acknowledge({ channel, ...own })
  const appending = startAppending(service, 'own-1')
  for (let round = 0; round < 3; round++) {
    const before = appending.acknowledged().size
    await until(() => appending.acknowledged().size > before + 20, { timeoutMs: 15_000 })
    for (let n = 0; n < 10; n++) {
      const published = await service.rest.events.publish({ channel, type: 'deployment_progress', data: { deploymentId: 'own-1', progress: round * 10 + n } })
      journal.acknowledge({ channel, ...published })
    }
    await platform.kill()
    await platform.restart()
  }
  await until(() => appending.acknowledged().size > 80, { timeoutMs: 15_000 })
  await appending.stop()

  const end = await until(() => events.find(({ type, data }) =>
    data['deploymentId'] === deploymentId && (type === 'deployment_complete' || type === 'deployment_error')), { timeoutMs: 60_000, what: 'the end of the deployment' })
  if (end.type === 'deployment_error') expect(end.data['error']).toEqual(expect.any(String))
  const { deployment } = await service.rest.deployments.get(tenantId, deploymentId)
  expect(deployment.status).toBe(end.type === 'deployment_complete' ? 'completed' : 'failed')

  const { seq } = await service.rest.events.history({ channel })
  await until(() => journal.received.at(-1)?.seq === seq)
  expect(seq).toBeGreaterThan(seqBefore + 30)
  expect(findDeliveryFaults({ ...journal, after: { [channel]: firstSeen - 1 } })).toEqual([])

  for (const id of [deploymentId, 'own-1']) {
    const lines = await readLog(service, id)
    expect(lines.map(({ n }) => n)).toEqual(lines.map((_, index) => index + 1))
    expect(lines.length).toBeGreaterThan(0)
  }
  const stored = new Map((await readLog(service, 'own-1')).map(({ n, text }) => [n, text]))
  const lost = [...appending.acknowledged()].filter(([n, text]) => stored.get(n) !== text)
  expect(lost).toEqual([])
}, 300_000)
