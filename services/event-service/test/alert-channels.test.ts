import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PLATFORM_TENANT } from '@neo-stack/events'
import type { AlertChannels, AlertDeliveries, AlertDelivery, AlertList, ChannelMade } from '@neo-stack/events'
import { linksOf } from '../src/alerts/addresses.ts'
import { toDelay } from '../src/alerts/deliveries.ts'
import { writeAlertLetter } from '../src/alerts/letter.ts'
import { startMailServer, partOf, type MailServer } from './smtp-server.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

interface Received { headers: IncomingHttpHeaders, body: string }

/** A webhook's receiver, with the answer a test asks of it. */
class Receiver {
  readonly received: Received[] = []
  status = 204
  #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => { parts.push(part) })
      request.on('end', () => {
        this.received.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
        response.writeHead(this.status).end()
      })
    })
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  async stop(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }
}

const base = '/v1/tenants/acme'
const rule = { name: 'CPU', metric: 'cpu', op: '>', threshold: 80, severity: 'critical' }

describe('channels of alerts', () => {
  let service: TestService
  let mail: MailServer
  const receiver = new Receiver()
  let hook = ''
  let manager: { authorization: string }
  let second = 0
  beforeAll(async () => {
    mail = await startMailServer()
    hook = await receiver.start()
    service = await startService({
      publicUrl: 'https://neo.example', mail: { smtpUrl: mail.url, from: 'NEO <alerts@neo.example>' },
      outbound: { protocols: ['http:', 'https:'], ports: 'any', isAllowed: address => address === '127.0.0.1' },
    })
    manager = await service.bearer('manager@acme.example')
    second = Math.floor(service.now() / 1000) - 300
  })
  afterAll(async () => {
    await service.stop()
    await receiver.stop()
    await mail.stop()
  })
  beforeEach(async () => {
    await service.database.inSystem(async tx => { for (const table of ['alert_channels', 'alert_rules', 'alert_silences'] as const) await tx.deleteFrom(table).execute() })
    receiver.received.splice(0)
    receiver.status = 204
    mail.arrived.splice(0)
    mail.refuse(undefined)
  })

  const ask = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object, headers: Record<string, string> = manager): Promise<Answer> =>
    service.app.inject({ method, url, headers, ...payload && { payload } })
  const makeHook = async (more: object = {}): Promise<ChannelMade> => {
    const answer = await ask('POST', `${base}/alert-channels`, { kind: 'webhook', name: 'On call', target: hook, ...more })
    expect(answer.statusCode).toBe(201)
    return answer.json()
  }
  const push = async (cpu: number, at = ++second): Promise<void> => {
    const payload = { cpu, memory: 1, disk: 1, networkIn: 0, networkOut: 0, activeInstances: 1, uptime: 1, at }
    expect((await ask('POST', `${base}/metrics`, payload, { authorization: `Bearer ${service.keyOf('acme')}` })).statusCode).toBe(201)
  }
  const deliveries = async (query = ''): Promise<AlertDelivery[]> => (await ask('GET', `${base}/alert-deliveries${query}`)).json<AlertDeliveries>().deliveries
  const alerts = async (): Promise<AlertList['alerts']> => (await ask('GET', `${base}/alerts`)).json<AlertList>().alerts
  /** What waits for others of its group has waited long enough. */
  const endGroups = (): void => { service.advance(5000) }
  const arrived = async (count: number): Promise<void> => {
    endGroups()
    await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(count)
  }

  it('a webhook is signed, told once of what fires and ends together, and links to the chart and the deployments around it', async () => {
    const made = await makeHook()
    await ask('PUT', `${base}/alert-rules`, { rules: [{ ...rule, runbook: 'https://wiki.example/cpu' }, { ...rule, name: 'Quiet', severity: 'info' }] })
    await push(90)
    await push(70)
    await arrived(1)
    const { headers, body } = receiver.received[0] ?? { headers: {}, body: '' }
    const said = new Webhook(made.secret ?? '').verify(body, headers as Record<string, string>) as { type: string, data: { alerts: object[] } }
    expect(said).toMatchObject({ type: 'alerts', data: { tenantId: 'acme', group: '', alerts: [
      { change: 'fired', severity: 'critical', rule: 'CPU', metric: 'cpu', value: 90, runbook: 'https://wiki.example/cpu' }, { change: 'resolved', value: 70 },
    ] } })
    expect(JSON.stringify(said.data.alerts[0])).toMatch(/https:\/\/neo\.example\/tenant\/metrics\?from=\d+&to=\d+&figure=cpu/)
    expect(JSON.stringify(said.data.alerts[0])).toMatch(/https:\/\/neo\.example\/tenant\/history\?q=type%3Adeployment\*\+after%3A[\w%-]+\+before%3A[\w%-]+"/)
    await expect.poll(async () => (await deliveries()).map(({ id, state, attempts }) => ({ id, state, attempts }))).toEqual([{ id: headers['webhook-id'], state: 'sent', attempts: 1 }])
    expect((await ask('GET', `${base}/alert-channels`)).json<AlertChannels>()).toMatchObject({ hasMail: true, channels: [{ id: made.id, name: 'On call', severity: 'warning' }] })
    expect((await ask('GET', `${base}/alert-channels`)).body).not.toContain('whsec_')
  })

  it('each group has a message of its own, and a channel may want one group only', async () => {
    await makeHook()
    await makeHook({ name: 'Databases', group: 'db' })
    await ask('PUT', `${base}/alert-rules`, { rules: [{ ...rule, group: 'db' }, { ...rule, name: 'Other', group: 'web' }, { ...rule, name: 'Third', group: 'web' }] })
    await push(95)
    await arrived(3)
    const told = receiver.received.map(({ body }) => (JSON.parse(body) as { data: { group: string, alerts: { rule: string }[] } }).data).map(({ group, alerts: all }) => `${group}: ${all.map(({ rule: name }) => name).join(' ')}`)
    expect(told.toSorted()).toEqual(['db: CPU', 'db: CPU', 'web: Other Third'])
  })

  it('a receiver that fails is tried again later; what was given up is sent again on demand, under the same identifier', async () => {
    const counted = async (outcome: string): Promise<number> => Number(new RegExp(`outbound_messages_total\\{kind="alert_webhook",outcome="${outcome}"\\} (\\d+)`).exec((await service.app.inject('/metrics')).body)?.[1])
    const before = await Promise.all(['failed', 'given_up'].map(counted))
    receiver.status = 500
    await makeHook()
    await ask('PUT', `${base}/alert-rules`, { rules: [rule] })
    await push(95)
    await arrived(1)
    await expect.poll(async () => (await deliveries())[0]).toMatchObject({ state: 'waiting', attempts: 1, error: 'the receiver answered 500' })
    receiver.status = 410
    service.advance(6000)
    await arrived(2)
    await expect.poll(() => deliveries('?state=dead')).toMatchObject([{ attempts: 2, error: 'the receiver answered 410' }])
    await expect.poll(() => Promise.all(['failed', 'given_up'].map(counted))).toEqual(before.map(count => count + 1))
    receiver.status = 200
    const [dead] = await deliveries()
    expect((await ask('POST', `${base}/alert-deliveries/${dead?.id ?? ''}/redeliver`)).statusCode).toBe(204)
    await arrived(3)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([dead?.id]))
    await expect.poll(async () => (await deliveries())[0]?.state).toBe('sent')
  })

  it('what is sent again takes no further alerts: those have a message of their own', async () => {
    await makeHook()
    const raise = async (message: string): Promise<unknown> => ask('POST', '/v1/alerts', { tenantId: 'acme', severity: 'warning', message })
    await raise('First')
    await arrived(1)
    await expect.poll(async () => (await deliveries())[0]?.state).toBe('sent')
    const [sent] = await deliveries()
    await ask('POST', `${base}/alert-deliveries/${sent?.id ?? ''}/redeliver`)
    await raise('Second')
    expect(await deliveries()).toHaveLength(2)
    await arrived(3)
    const said = receiver.received.map(({ body }) => (JSON.parse(body) as { data: { alerts: { message: string }[] } }).data.alerts.map(({ message }) => message).join(' '))
    expect(said.toSorted()).toEqual(['First', 'First', 'Second'])
  })

  it('what a silence holds goes out by no channel', async () => {
    await makeHook()
    await ask('PUT', `${base}/alert-rules`, { rules: [rule] })
    await ask('POST', `${base}/alert-silences`, { rule: null, until: new Date(service.now() + 600_000).toISOString(), note: 'upgrade' })
    await push(95)
    expect(await deliveries()).toEqual([])
  })

  it('e-mail goes to people of the tenant, in the channel\'s language', async () => {
    expect((await ask('POST', `${base}/alert-channels`, { kind: 'email', name: 'Elsewhere', target: 'owner@globex.example' })).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'target' }] })
    await ask('POST', `${base}/alert-channels`, { kind: 'email', name: 'Owner', target: 'owner@acme.example', language: 'en' })
    expect((await ask('POST', '/v1/alerts', { tenantId: 'acme', severity: 'warning', message: 'Disk <b>is</b> full' }, await service.bearer('manager@acme.example'))).statusCode).toBe(201)
    endGroups()
    await expect.poll(() => mail.arrived.map(({ to }) => to), { timeout: 20_000 }).toEqual([['owner@acme.example']])
    const raw = mail.arrived[0]?.raw ?? ''
    expect(partOf(raw, 'text/plain')).toContain('Fired · warning – Disk <b>is</b> full')
    expect(partOf(raw, 'text/html')).toContain('Disk &lt;b&gt;is&lt;/b&gt; full')
  })

  it('the trail says where channels lead, and who sent a message again', async () => {
    const { id } = await makeHook()
    const { id: mailId } = (await ask('POST', `${base}/alert-channels`, { kind: 'email', name: 'Owner', target: 'owner@acme.example', severity: 'critical' })).json<ChannelMade>()
    await ask('POST', '/v1/alerts', { tenantId: 'acme', severity: 'warning', message: 'Disk is full' })
    const [waiting] = await deliveries()
    await ask('POST', `${base}/alert-deliveries/${waiting?.id ?? ''}/redeliver`)
    await ask('DELETE', `${base}/alert-channels/${id}`)
    const trail = await service.database.inTenant('acme', tx => tx.selectFrom('audit').select(['action', 'target', 'detail']).orderBy('n', 'desc').limit(4).execute())
    expect(trail.toReversed()).toEqual([
      { action: 'alert_channel.made', target: id, detail: { kind: 'webhook', name: 'On call', host: new URL(hook).host } },
      { action: 'alert_channel.made', target: mailId, detail: { kind: 'email', name: 'Owner', address: 'owner@acme.example' } },
      { action: 'alert_delivery.redelivered', target: waiting?.id, detail: { channel: id } },
      { action: 'alert_channel.removed', target: id, detail: { kind: 'webhook', name: 'On call', host: new URL(hook).host } },
    ])
    expect((await ask('POST', `${base}/alert-deliveries/${waiting?.id ?? ''}/redeliver`)).statusCode).toBe(404)
  })

  it('of a mail server that fails a tenant hears that it did, and not what it said', async () => {
    mail.refuse(451)
    await ask('POST', `${base}/alert-channels`, { kind: 'email', name: 'Owner', target: 'owner@acme.example' })
    await ask('POST', '/v1/alerts', { tenantId: 'acme', severity: 'warning', message: 'Disk is full' })
    endGroups()
    await expect.poll(async () => (await deliveries())[0], { timeout: 20_000 }).toMatchObject({ state: 'waiting', attempts: 1, error: 'the mail server did not take it' })
  })

  it('an alert whose parameters are not a rule\'s is published, and told without what does not fit', async () => {
    const params = { value: '98 %', metric: 5, rule: 7, group: 9, runbook: 'javascript:alert(1)' }
    const raise = service.publishAs({ type: 'system', id: 'test' })
    await raise({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'warning', message: 'Nobody listens', params } })
    await makeHook()
    await raise({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'warning', message: 'Disk is full', params } })
    const told = (await deliveries())[0]?.alerts ?? []
    expect(told).toEqual([{ alertId: told[0]?.alertId, change: 'fired', severity: 'warning', message: 'Disk is full', time: told[0]?.time }])
    expect((await alerts())[0]).not.toHaveProperty('runbook')
  })

  it('webhooks to closed addresses are refused, viewers and strangers see nothing', async () => {
    for (const target of ['ftp://x.example/', 'http://localhost/', 'http://10.0.0.1/', 'http://user:secret@127.0.0.1/', 'no address']) {
      expect((await ask('POST', `${base}/alert-channels`, { kind: 'webhook', name: 'x', target })).json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'target' }] })
    }
    const { id } = await makeHook()
    const [viewer, stranger] = [await service.bearer('viewer@acme.example'), await service.bearer('owner@globex.example')]
    for (const [method, path] of [['GET', 'alert-channels'], ['GET', 'alert-deliveries'], ['DELETE', `alert-channels/${id}`]] as const) {
      expect((await ask(method, `${base}/${path}`, undefined, viewer)).statusCode).toBe(403)
      expect((await ask(method, `${base}/${path}`, undefined, stranger)).statusCode).toBe(404)
    }
    expect((await ask('DELETE', `${base}/alert-channels/${id}`)).statusCode).toBe(204)
    expect((await ask('DELETE', `${base}/alert-channels/${id}`)).statusCode).toBe(404)
  })

  it('a rule of absence fires when samples stay away, and is over with the next one', async () => {
    await push(1, Math.floor(service.now() / 1000))
    await ask('PUT', `${base}/alert-rules`, { rules: [{ ...rule, name: 'Silent', kind: 'absence', for: '20s' }] })
    service.advance(35_000)
    await expect.poll(async () => (await alerts())[0], { timeout: 10_000 }).toMatchObject({ rule: 'Silent', state: 'firing' })
    expect((await alerts())[0]?.message).toMatch(/^Silent: sem medidas há 3\d s$/)
    await push(1, Math.floor(service.now() / 1000))
    expect((await alerts())[0]).toMatchObject({ rule: 'Silent', state: 'resolved', message: 'Silent: as medidas voltaram' })
  })

  it('what still fires is told again as often as its rule asks, until somebody acknowledges it', async () => {
    await makeHook()
    await ask('PUT', `${base}/alert-rules`, { rules: [{ ...rule, repeat: '2m' }] })
    await push(95, Math.floor(service.now() / 1000))
    await arrived(1)
    service.advance(125_000)
    await expect.poll(async () => (await deliveries()).length, { timeout: 10_000 }).toBe(2)
    service.advance(6000)
    await arrived(2)
    expect(JSON.parse(receiver.received[1]?.body ?? '')).toMatchObject({ data: { alerts: [{ change: 'repeated', rule: 'CPU' }] } })
    const ofRule = (): Promise<{ id: string | null, isAcknowledged: boolean, toldAt: Date | null }> =>
      service.database.inTenant('acme', tx => tx.selectFrom('alert_rules').select(['alert_id as id', 'is_acknowledged as isAcknowledged', 'told_at as toldAt']).where('name', '=', 'CPU').executeTakeFirstOrThrow())
    const { id, toldAt } = await ofRule()
    expect(toldAt).not.toBeNull()
    expect((await alerts()).filter(one => one.id === id)).toMatchObject([{ state: 'firing' }])
    expect((await ask('POST', `/v1/alerts/${id ?? ''}/ack`)).statusCode).toBe(200)
    expect(await ofRule()).toEqual({ id, isAcknowledged: true, toldAt })
    // Whoever saves rules takes back nobody's word.
    await ask('PUT', `${base}/alert-rules`, { rules: [{ ...rule, name: 'Beside' }, { ...rule, repeat: '2m' }] })
    expect(await ofRule()).toEqual({ id, isAcknowledged: true, toldAt })
  })

  it('operators who are told of a tenant\'s alert are led to that tenant and its deployments', async () => {
    const operator = await service.bearer('operator@neo.example')
    expect((await ask('POST', '/v1/admin/alert-channels', { kind: 'webhook', name: 'Operators', target: hook }, operator)).statusCode).toBe(201)
    const alert = { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'critical', message: 'No power' } }
    expect((await ask('POST', '/v1/events', alert, { authorization: `Bearer ${service.keyOf('acme')}` })).statusCode).toBe(201)
    // What other tests' alerts told may come with it.
    const isIt = ({ message }: { message: string }): boolean => message === 'acme: No power'
    await expect.poll(async () => (await ask('GET', '/v1/admin/alert-deliveries', undefined, operator)).json<AlertDeliveries>().deliveries.some(({ alerts: told }) => told.some(isIt)), { timeout: 20_000 }).toBe(true)
    endGroups()
    const told = (): { message: string }[] => receiver.received.flatMap(({ body }) => (JSON.parse(body) as { data: { alerts: { message: string }[] } }).data.alerts).filter(isIt)
    await expect.poll(told, { timeout: 20_000 }).toMatchObject([{ tenantId: 'acme', url: 'https://neo.example/admin/tenants/acme' }])
    expect(JSON.stringify(told())).toMatch(/admin\/deployments\?from=[\w%.-]+&to=[\w%.-]+&tenant=acme"/)
  })
})

it('attempts come later and later, each at a random moment, half an hour apart at most', () => {
  expect([0, 1, 2, 20].map(attempts => [toDelay(attempts, 0), toDelay(attempts, 1)])).toEqual([[2500, 5000], [5000, 10_000], [10_000, 20_000], [900_000, 1_800_000]])
})

it.each(['pt-BR', 'es', 'en'] as const)('a letter in %s names each alert with its chart, the deployments around it and its runbook', language => {
  const alert = { alertId: crypto.randomUUID(), change: 'fired', severity: 'critical', message: 'CPU', time: '2026-01-05T12:00:00.000Z', runbook: 'https://wiki.example/' } as const
  const { subject, text, html } = writeAlertLetter({ language, alerts: [alert, { ...alert, message: 'Disk' }], linksOf: ({ message }) => ({ url: `https://neo.example/${message}`, deploymentsUrl: `https://neo.example/near/${message}` }) })
  expect(subject).toContain('CPU')
  for (const part of ['https://neo.example/CPU', 'https://neo.example/near/CPU', 'https://neo.example/Disk', 'https://wiki.example/']) {
    expect(text).toContain(part)
    expect(html).toContain(part)
  }
})

it('a tenant is led to its own chart and history, operators to the host\'s, and by a tenant\'s alert to that tenant', () => {
  const alert = { time: '2026-01-05T12:00:40.500Z', metric: 'cpu' }
  const decoded = (told: string, of: Parameters<typeof linksOf>[2]): string[] => Object.values(linksOf('https://neo.example', told, of)).map((link: string) => decodeURIComponent(link.replaceAll('+', ' ')))
  const range = `from=${Date.parse('2026-01-05T11:50:40Z') / 1000}&to=${Date.parse('2026-01-05T12:10:40Z') / 1000}`
  const span = 'from=2026-01-05T11:50:40.000Z&to=2026-01-05T12:10:40.000Z'
  // To the second: the whole ten minutes after it belong to it.
  expect(decoded('acme', { ...alert, tenantId: 'globex' })).toEqual([
    `https://neo.example/tenant/metrics?${range}&figure=cpu`, 'https://neo.example/tenant/history?q=type:deployment* after:2026-01-05T11:50:40 before:2026-01-05T12:10:40',
  ])
  expect(decoded(PLATFORM_TENANT, alert)).toEqual([`https://neo.example/admin/metrics?${range}&figure=cpu`, `https://neo.example/admin/deployments?${span}`])
  expect(decoded(PLATFORM_TENANT, { ...alert, tenantId: 'acme' })).toEqual(['https://neo.example/admin/tenants/acme', `https://neo.example/admin/deployments?${span}&tenant=acme`])
})

it('a letter to operators names the link to a tenant so', () => {
  const alert = { alertId: crypto.randomUUID(), change: 'fired', severity: 'critical', message: 'acme: CPU', time: '2026-01-05T12:00:00.000Z', tenantId: 'acme' } as const
  const { text } = writeAlertLetter({ language: 'es', alerts: [alert], linksOf: one => linksOf('https://neo.example', PLATFORM_TENANT, one) })
  expect(text).toContain('Ver el cliente: https://neo.example/admin/tenants/acme\nDespliegues ± 10 min: https://neo.example/admin/deployments?')
})

it('a letter links to no runbook that is not an address of the web', () => {
  const alert = { alertId: crypto.randomUUID(), change: 'fired', severity: 'critical', message: 'CPU', time: '2026-01-05T12:00:00.000Z', runbook: 'javascript:alert(1)' } as const
  const { text, html } = writeAlertLetter({ language: 'en', alerts: [alert], linksOf: () => ({ url: 'https://neo.example/', deploymentsUrl: 'https://neo.example/' }) })
  expect(text + html).not.toContain('javascript')
})
