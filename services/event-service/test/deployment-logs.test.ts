import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeploymentPublisher, type LogPage } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('deployment logs', () => {
  let service: TestService
  let member: { authorization: string }
  let publisher: DeploymentPublisher
  let count = 0
  beforeAll(async () => {
    service = await startService()
    member = await service.bearer('member@acme.example')
    publisher = new DeploymentPublisher(service.publishAs({ type: 'service', id: 'worker' }))
  })
  afterAll(() => service.stop())

  const start = async (): Promise<string> => {
    const deploymentId = `d-${++count}`
    await publisher.publishStart('acme', deploymentId, 'odoo')
    return deploymentId
  }
  const urlOf = (deploymentId: string): string => `/v1/tenants/acme/deployments/${deploymentId}/logs`
  const append = (deploymentId: string, payload: object): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: urlOf(deploymentId), payload, headers: { authorization: `Bearer ${service.keyOf('acme')}` } })
  const read = async (deploymentId: string, query = ''): Promise<LogPage> => (await service.app.inject({ url: urlOf(deploymentId) + query, headers: member })).json()
  const texts = (page: LogPage): string[] => page.lines.map(line => line.text)

  it('appends text and structured lines, numbered from 1', async () => {
    const id = await start()
    const answer = await append(id, { lines: ['first', { stream: 'stderr', step: 'pull_image', text: 'second' }] })
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json()).toEqual({ last: 2 })
    const page = await read(id)
    expect(page).toMatchObject({ last: 2, seq: 1, lines: [{ n: 1, stream: 'stdout', text: 'first' }, { n: 2, stream: 'stderr', step: 'pull_image', text: 'second' }] })
  })

  it('skips lines it knows and says where the log ends', async () => {
    const id = await start()
    await append(id, { lines: ['1', '2', '3'], from: 1 })
    expect((await append(id, { lines: ['1', '2', '3'], from: 1 })).json()).toEqual({ last: 3 })
    expect((await append(id, { lines: ['3', '4'], from: 3 })).json()).toEqual({ last: 4 })
    expect((await append(id, { lines: ['2'], from: 2 })).json()).toEqual({ last: 4 })
    const page = await read(id)
    expect(texts(page)).toEqual(['1', '2', '3', '4'])
    expect(page.seq).toBe(2)
  })

  it('appends lines once that come twice under an idempotency key, and refuses others under it', async () => {
    const id = await start()
    const sent = (lines: string[]): Promise<Answer> => service.app.inject({
      method: 'POST', url: urlOf(id), payload: { lines }, headers: { 'authorization': `Bearer ${service.keyOf('acme')}`, 'idempotency-key': 'lines-1' },
    }).then(answer => answer)
    expect((await Promise.all([sent(['1', '2']), sent(['1', '2'])])).map(answer => answer.json<unknown>())).toEqual([{ last: 2 }, { last: 2 }])
    await append(id, { lines: ['3'] })
    expect((await sent(['1', '2'])).json()).toEqual({ last: 2 })
    expect((await sent(['other'])).json()).toMatchObject({ status: 409, code: 'idempotency_conflict' })
    expect(texts(await read(id))).toEqual(['1', '2', '3'])
  })

  it('stores no secret, and knows the lines again that it redacted', async () => {
    const id = await start()
    const lines = ['postgres://odoo:hunter2@db/odoo', '-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBg', { stream: 'stderr', text: 'meanwhile' }]
    const rest = ['kqhkiG9w0BAQEF', '-----END PRIVATE KEY-----', 'kqhkiG9w0BAQEF']
    await append(id, { lines, from: 1 })
    expect((await append(id, { lines, from: 1 })).json()).toEqual({ last: 4 })
    expect((await append(id, { lines: rest, from: 5 })).json()).toEqual({ last: 7 })
    expect((await append(id, { lines: rest, from: 5 })).json()).toEqual({ last: 7 })
    expect((await append(id, { lines: [...lines, ...rest].slice(2), from: 3 })).json()).toEqual({ last: 7 })
    expect(texts(await read(id))).toEqual([
      'postgres://odoo:***@db/odoo', '-----BEGIN PRIVATE KEY-----', '*** private key ***', 'meanwhile', '*** private key ***', '-----END PRIVATE KEY-----', 'kqhkiG9w0BAQEF',
    ])
    await publisher.publishProgress('acme', id, 1, 's', { logs: ['API_TOKEN=abcdefgh'] })
    const history = await service.app.inject({ url: '/v1/history?channel=tenant:acme:deployments&limit=1', headers: member })
    expect(history.body).toContain('API_TOKEN=***')
    expect(history.body).not.toContain('abcdefgh')
  })

  it('stores no secret in what a deployment says of itself', async () => {
    const id = await start()
    await publisher.publishProgress('acme', id, 1, 's', { currentStep: 'psql postgres://odoo:hunter2@db', params: { url: 'postgres://odoo:hunter2@db', count: 2 } })
    const error = await service.app.inject({
      method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}` },
      payload: { channel: 'tenant:acme:deployments', type: 'deployment_error', data: { deploymentId: id, error: 'docker: password: hunter2' } },
    })
    expect(error.statusCode, error.body).toBe(201)
    const history = (await service.app.inject({ url: '/v1/history?channel=tenant:acme:deployments&limit=1000', headers: member })).body
    const detail = (await service.app.inject({ url: `/v1/tenants/acme/deployments/${id}`, headers: member })).body
    expect(detail).toContain('docker: password: ***')
    for (const body of [history, detail]) expect(body).not.toContain('hunter2')
  })

  it('refuses a gap and names the last line', async () => {
    const id = await start()
    await append(id, { lines: ['1'] })
    const answer = await append(id, { lines: ['9'], from: 9 })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'log_gap', last: 1 })
  })

  it('drops no line whose number another writer took: the sender hears where the log ends', async () => {
    const id = await start()
    await append(id, { lines: ['1', '2'], from: 1 })
    await publisher.publishProgress('acme', id, 1, 's', { logs: ['by hand'] })
    const answer = await append(id, { lines: ['3', '4'], from: 3 })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'log_conflict', last: 3 })
    expect((await append(id, { lines: ['3', '4'], from: 4 })).json()).toEqual({ last: 5 })
    expect(texts(await read(id))).toEqual(['1', '2', 'by hand', '3', '4'])
  })

  it('numbers lines of many senders and lines inside events without a hole', async () => {
    const id = await start()
    await Promise.all(Array.from({ length: 30 }, (_, index) => index % 3 === 0
      ? publisher.publishProgress('acme', id, index, 's', { logs: [`event ${index}`], step: 'pull_image' })
      : append(id, { lines: [`sender ${index} a`, `sender ${index} b`] })))
    const page = await read(id)
    expect(page.lines.map(line => line.n)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(page.lines.filter(line => line.stream === 'system')).toHaveLength(10)
    expect(page.lines.find(line => line.stream === 'system')).toMatchObject({ step: 'pull_image' })
    const chunks = await service.app.inject({ url: `/v1/history?channel=tenant:acme:deployments:${id}&after=0&limit=1000`, headers: member })
    const events = chunks.json<{ events: { seq: number, data: { from: number, lines: { n: number }[], instanceId: string } }[] }>().events
    expect(events.flatMap(event => event.data.lines.map(line => line.n))).toEqual(page.lines.map(line => line.n))
    expect(events.every(event => event.data.from === event.data.lines[0]?.n && event.data.instanceId === id)).toBe(true)
  })

  it('reads by number: the last lines, onwards, and with grep whatever the case', async () => {
    const id = await start()
    await append(id, { lines: Array.from({ length: 1200 }, (_, index) => `${index % 100 === 99 ? 'ERRO É' : 'linha'} ${index + 1}`) })
    expect((await read(id, '?limit=2')).lines.map(line => line.n)).toEqual([1199, 1200])
    expect((await read(id, '?after=498&limit=4')).lines.map(line => line.n)).toEqual([499, 500, 501, 502])
    expect((await read(id, '?after=1200')).lines).toEqual([])
    expect((await read(id, '?grep=erro%20%C3%A9&limit=3')).lines.map(line => line.n)).toEqual([1000, 1100, 1200])
    expect((await read(id, '?grep=erro&after=100&limit=2')).lines.map(line => line.n)).toEqual([200, 300])
    expect((await read(id)).lines).toHaveLength(1000)
    expect((await read(id, '?to=100')).lines.map(line => line.n)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect((await read(id, '?to=100&limit=2')).lines.map(line => line.n)).toEqual([99, 100])
    expect((await read(id, '?to=5000&limit=2')).lines.map(line => line.n)).toEqual([1199, 1200])
  })

  it('cuts a large append into several events, kept or refused as one', async () => {
    const id = await start()
    expect((await append(id, { lines: Array.from({ length: 50 }, () => 'x'.repeat(16_000)), from: 1 })).json()).toEqual({ last: 50 })
    expect((await read(id)).seq).toBeGreaterThan(5)
    expect((await append(id, { lines: Array.from({ length: 50 }, () => 'x'.repeat(16_000)), from: 1 })).json()).toEqual({ last: 50 })
  })

  it('streams the whole log as text', async () => {
    const id = await start()
    await append(id, { lines: Array.from({ length: 4500 }, (_, index) => String(index + 1)) })
    const answer = await service.app.inject({ url: urlOf(id), headers: { ...member, accept: 'text/plain' } })
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.body).toBe(Array.from({ length: 4500 }, (_, index) => `${index + 1}\n`).join(''))
  })

  it('gives a range of lines, and those from a time on, in every form', async () => {
    const id = await start()
    const at = (second: number): string => new Date(Date.UTC(2026, 0, 5, 12, 0, second)).toISOString()
    await append(id, { lines: Array.from({ length: 1000 }, (_, index) => ({ stream: 'stdout', text: `line ${index + 1}`, time: at(index) })) })
    expect((await read(id, '?from=498&to=501')).lines.map(line => line.n)).toEqual([498, 499, 500, 501])
    expect((await read(id, `?since=${at(499)}&limit=2`)).lines.map(line => line.n)).toEqual([500, 501])
    expect((await read(id, `?since=${at(5000)}`)).lines).toEqual([])
    expect((await read(id, '?since=2000-01-01T00:00:00Z&limit=1')).lines.map(line => line.n)).toEqual([1])
    const get = async (query: string, accept: string): Promise<Answer> => await service.app.inject({ url: urlOf(id) + query, headers: { ...member, accept } })
    expect((await get('?from=2&to=3', 'text/plain')).body).toBe('line 2\nline 3\n')
    const json = await get(`?since=${at(990)}&grep=LINE%20100`, 'application/x-ndjson')
    expect(json.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    expect(json.body.split('\n').map(one => one === '' ? undefined : JSON.parse(one) as object)).toEqual([{ n: 1000, time: at(999), stream: 'stdout', text: 'line 1000' }, undefined])
  })

  it('takes whatever a container prints', async () => {
    const id = await start()
    expect((await append(id, { lines: ['nul \0 half \uD83D', '\u001b[31mred\u001b[0m'] })).statusCode).toBe(201)
    await publisher.publishProgress('acme', id, 1, 'nul \0', { logs: ['\0'] })
    expect(texts(await read(id))).toEqual(['nul \uFFFD half \uFFFD', '\u001b[31mred\u001b[0m', '\uFFFD'])
  })

  it('takes last lines after the end, and none for an unknown deployment', async () => {
    const id = await start()
    await publisher.publishError('acme', id, 'broken')
    expect((await append(id, { lines: ['late'] })).statusCode).toBe(201)
    expect((await append('nobody', { lines: ['x'] })).statusCode).toBe(404)
    const foreign = { channel: 'tenant:acme:deployments:d-1', type: 'deployment_log', data: { deploymentId: 'd-2', from: 1, lines: [{ n: 1, time: '2026-01-01T00:00:00.000Z', stream: 'stdout', text: 'x' }] } }
    const answer = await service.app.inject({ method: 'POST', url: '/v1/events', payload: foreign, headers: { authorization: `Bearer ${service.keyOf('acme')}` } })
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ path: 'data.deploymentId' }] })
  })
})
