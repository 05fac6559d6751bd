import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeploymentPublisher } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

interface Sent { id: string | undefined, event: string | undefined, data: unknown }

describe('a log as server-sent events', () => {
  let service: TestService
  let publisher: DeploymentPublisher
  let origin: string
  let count = 0
  beforeAll(async () => {
    service = await startService()
    publisher = new DeploymentPublisher(service.publishAs({ type: 'service', id: 'worker' }))
    origin = await service.app.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(() => service.stop())

  const start = async (): Promise<string> => {
    const deploymentId = `d-${++count}`
    await publisher.publishStart('acme', deploymentId, 'odoo')
    return deploymentId
  }
  const append = async (id: string, lines: string[]): Promise<void> => {
    const answer = await service.app.inject({ method: 'POST', url: `/v1/tenants/acme/deployments/${id}/logs`, payload: { lines }, headers: { authorization: `Bearer ${service.keyOf('acme')}` } })
    expect(answer.statusCode).toBe(201)
  }
  const open = (id: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> =>
    fetch(`${origin}/v1/tenants/acme/deployments/${id}/logs`, { headers: { accept: 'text/event-stream', ...headers }, ...signal && { signal } })

  /** Reads events until `isEnough`, or to the end of the stream. */
  async function read(response: Response, isEnough: (events: readonly Sent[]) => boolean = () => false): Promise<Sent[]> {
    const events: Sent[] = []
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map(line => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
        if (fields.has('data')) events.push({ id: fields.get('id'), event: fields.get('event'), data: JSON.parse(fields.get('data') ?? '') })
      }
      if (isEnough(events)) break
    }
    return events
  }

  it('brings what is there, follows what comes, and ends with the deployment', async () => {
    const id = await start()
    await append(id, ['one', 'two'])
    const response = await open(id, await service.bearer('viewer@acme.example'))
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-accel-buffering')]).toEqual([200, 'text/event-stream', 'no'])
    const reading = read(response)
    await append(id, ['three'])
    await publisher.publishCompletion('acme', id, 'https://erp.example')
    const events = await reading
    expect(events.filter(({ event }) => event === 'line').map(({ id: n, data }) => [n, (data as { text: string }).text]))
      .toEqual([['1', 'one'], ['2', 'two'], ['3', 'three'], ['4', 'Instância disponível em: https://erp.example']])
    expect(events.at(-1)).toEqual({ id: undefined, event: 'end', data: { status: 'completed' } })
  })

  it('goes on behind the last event a reader had, without hole or double', async () => {
    const id = await start()
    await append(id, Array.from({ length: 2500 }, (_, index) => `line ${index + 1}`))
    const headers = await service.bearer('viewer@acme.example')
    const first = await read(await open(id, { ...headers, 'last-event-id': '0' }), events => events.length >= 1200)
    const last = first.at(-1)?.id ?? ''
    const second = await read(await open(id, { ...headers, 'last-event-id': last }), events => events.at(-1)?.id === '2500')
    expect([...first, ...second].map(({ id: n }) => Number(n))).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1))
  })

  it('ends when the reader\'s session does', async () => {
    const id = await start()
    await append(id, ['before'])
    const headers = await service.bearer('member@acme.example')
    let seen = false
    const reading = read(await open(id, headers), events => { seen ||= events.length > 0; return false })
    await expect.poll(() => seen).toBe(true)
    const out = await service.app.inject({ method: 'DELETE', url: '/v1/session', headers })
    expect(out.statusCode).toBe(204)
    expect((await reading).map(({ event }) => event)).toEqual(['line'])
  })

  it('sends nothing of what comes after the reader\'s session has ended', async () => {
    const id = await start()
    await append(id, ['before'])
    const headers = await service.bearer('member@acme.example')
    let seen = false
    const reading = read(await open(id, headers), events => { seen ||= events.length > 0; return false })
    await expect.poll(() => seen).toBe(true)
    expect((await service.app.inject({ method: 'DELETE', url: '/v1/session', headers })).statusCode).toBe(204)
    await append(id, ['after'])
    expect((await reading).map(({ data }) => (data as { text: string }).text)).toEqual(['before'])
  })

  it('is refused as every other form of the log', async () => {
    const id = await start()
    expect((await open(id, await service.bearer('owner@globex.example'))).status).toBe(404)
    expect((await open('nobody', await service.bearer('viewer@acme.example'))).status).toBe(404)
    expect((await open(id, {})).status).toBe(401)
  })

  it('ends when the service goes, so that its reader comes back elsewhere', async () => {
    const other = await startService()
    const address = await other.app.listen({ port: 0, host: '127.0.0.1' })
    await new DeploymentPublisher(other.publishAs({ type: 'service', id: 'worker' })).publishStart('acme', 'd', 'odoo')
    const response = await fetch(`${address}/v1/tenants/acme/deployments/d/logs`, { headers: { accept: 'text/event-stream', ...await other.bearer('viewer@acme.example') } })
    const reading = read(response)
    await other.stop()
    expect(await reading).toEqual([])
  })
})
