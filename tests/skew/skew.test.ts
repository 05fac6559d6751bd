/**
 * A page that was loaded before an update: the client of an earlier build against the service of now. The bundle is that build's client,
 * as a page carries it; made in its checkout by
 * `npx esbuild packages/client/src/index.ts --bundle --minify --format=esm --platform=node | gzip -9n > tests/skew/client-<day>.mjs.gz`.
 */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client, createClient } from '@neo-stack/client'
import { createJournal, findDeliveryFaults, until } from '@neo-stack/testing'
import { serveColumn, type Served } from '../column.ts'

const bundles = (await readdir(import.meta.dirname)).filter(name => name.endsWith('.mjs.gz'))

describe.each(bundles)('the client of an earlier build, %s', bundle => {
  let platform: Served
  let folder: string
  let open: typeof createClient
  const clients: Client[] = []
  beforeAll(async () => {
    platform = await serveColumn('none')
    folder = await mkdtemp(join(tmpdir(), 'neo-skew-'))
    const file = join(folder, 'client.mjs')
    await writeFile(file, gunzipSync(await readFile(join(import.meta.dirname, bundle))))
    open = (await import(pathToFileURL(file).href) as { createClient: typeof createClient }).createClient
  })
  afterAll(async () => {
    await Promise.all(clients.map(client => client.close()))
    await platform?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const keep = (client: Client): Client => {
    clients.push(client)
    return client
  }

  test('signs in, and follows what happens over a broken connection, every event once and in order', async () => {
    const { url, proxy, demo: { users, apiKeys } } = platform
    const { email, password } = users.find(({ tenantId, role }) => tenantId === 'acme' && role === 'member') ?? { email: '', password: '' }
    const [member, service] = [keep(open({ baseUrl: proxy.url, cookieJar: true })), keep(open({ baseUrl: url, apiKey: apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? '' }))]
    await member.session.signIn(email, password)
    const channel = 'tenant:acme:deployments'
    const journal = createJournal()
    let after = 0
    const feed = member.feeds.events(channel, { onSnapshot: past => { after = past.at(-1)?.seq ?? 0 }, onEvent: event => { journal.receive(event) } })
    feed.start()
    await until(() => feed.status.state === 'live', { timeoutMs: 10_000, what: 'a live feed' })
    const { deploymentId } = await member.rest.deployments.create('acme', { instanceType: 'netbox', name: 'Before the update' })
    const say = async (type: 'deployment_start' | 'deployment_progress' | 'deployment_complete', data: object): Promise<void> => {
      journal.acknowledge({ channel, ...await service.rest.events.publish({ channel, type, data: { deploymentId: 'by-hand', instanceId: 'by-hand', ...data } } as Parameters<Client['rest']['events']['publish']>[0]) })
    }
    await say('deployment_start', { instanceType: 'odoo' })
    proxy.cut()
    for (let progress = 10; progress < 100; progress += 10) await say('deployment_progress', { progress })
    await say('deployment_complete', { instanceUrl: 'https://erp.example' })
    await until(() => journal.acknowledged.every(({ id }) => journal.received.some(event => event.id === id)), { timeoutMs: 20_000, what: 'everything that was published' })
    expect(findDeliveryFaults({ ...journal, after: { [channel]: after } })).toEqual([])
    expect((await member.rest.deployments.get('acme', 'by-hand')).deployment.status).toBe('completed')
    expect((await member.rest.deployments.list('acme')).deployments.map(one => one.deploymentId)).toEqual(expect.arrayContaining(['by-hand', deploymentId]))
    feed.stop()
  })
})
