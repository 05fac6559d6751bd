import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewEvent, SearchResult } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const alerts = 'tenant:acme:alerts'
const billing = 'tenant:acme:billing'
const alert = (message: string, severity: 'info' | 'warning' | 'critical' = 'info', channel = alerts): NewEvent =>
  ({ channel, type: 'alert', data: { severity, message } })

describe('searching history', () => {
  let service: TestService
  let viewer: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    viewer = await service.bearer('viewer@acme.example')
    const publish = service.publishAs({ type: 'system', id: 'test' })
    const publishAll = async (events: NewEvent[]): Promise<void> => {
      for (const event of events) {
        service.advance(10_000)
        await publish(event)
      }
    }
    await publishAll([
      alert('Implantação concluída em odoo-vendas'), alert('O disco está cheio: 100%', 'critical'), alert('The deployment was deployed again', 'warning'),
      alert('Las implementaciones fallaron en el servidor'), alert('snake_case and back\\slash'), alert('secret of globex', 'info', 'tenant:globex:alerts'),
    ])
    await publish({ channel: billing, type: 'billing_invoice', data: { invoiceId: 'inv-1', amountMinor: 12_345, currency: 'BRL', status: 'pending', message: 'Fatura do disco' } })
  })
  afterAll(() => service.stop())

  const get = (query: Record<string, string>, headers = viewer): Promise<Answer> =>
    service.app.inject({ url: `/v1/history/search?${new URLSearchParams(query).toString()}`, headers })
  const find = async (q: string, more: Record<string, string> = {}): Promise<string[]> =>
    (await get({ channel: alerts, q, ...more })).json<SearchResult>().hits.map(({ event }) => String(event.data['message']))

  it.each([
    ['vendas', ['Implantação concluída em odoo-vendas']],
    ['implantacao', ['Implantação concluída em odoo-vendas']],
    ['IMPLANTAÇÃO', ['Implantação concluída em odoo-vendas']],
    ['lantaç', ['Implantação concluída em odoo-vendas']],
    ['implantações', ['Implantação concluída em odoo-vendas']],
    ['deploying', ['The deployment was deployed again']],
    ['implementación', ['Las implementaciones fallaron en el servidor']],
    ['100%', ['O disco está cheio: 100%']],
    ['10_%', []],
    ['snake_case', ['snake_case and back\\slash']],
    ['back\\slash', ['snake_case and back\\slash']],
    ['"disco está"', ['O disco está cheio: 100%']],
    ['"está disco"', []],
    ['impl*', ['Las implementaciones fallaron en el servidor', 'Implantação concluída em odoo-vendas']],
    ['plant*', []],
    ['ch', ['O disco está cheio: 100%']],
    ['servidor OR vendas', ['Las implementaciones fallaron en el servidor', 'Implantação concluída em odoo-vendas']],
    ['-severity:info', ['The deployment was deployed again', 'O disco está cheio: 100%']],
    ['disco severity:critical', ['O disco está cheio: 100%']],
    ['disco -cheio', []],
    ['type:alert* from:test message:"o disco esta cheio: 100%"', ['O disco está cheio: 100%']],
    ['from:system channel:alerts odoo', ['Implantação concluída em odoo-vendas']],
    ['from:nobody', []],
    ['secret', []],
    ['nada', []],
  ])('finds %s', async (q, messages) => {
    expect(await find(q)).toEqual(messages)
  })

  it('marks what was found', async () => {
    const { hits } = (await get({ channel: alerts, q: 'deploying' })).json<SearchResult>()
    expect(hits[0]?.highlight).toContain('The <mark>deployment</mark> was <mark>deployed</mark> again')
  })

  it('keeps to times and types', async () => {
    const everything = (await get({ channel: alerts })).json<SearchResult>().hits.map(({ event }) => event)
    expect(everything.map(event => event.seq)).toEqual([5, 4, 3, 2, 1])
    const [from = '', to = ''] = [everything[3]?.time, everything[1]?.time]
    expect((await get({ channel: alerts, from, to })).json<SearchResult>().hits.map(({ event }) => event.seq)).toEqual([4, 3, 2])
    expect(await find(`after:${from.slice(0, 19)}Z before:${to.slice(0, 19)}Z`)).toHaveLength(2)
    expect((await get({ channel: alerts, type: 'alert_resolved' })).json<SearchResult>().hits).toEqual([])
  })

  it('finds in all of a tenant only what the caller may read', async () => {
    const ofTenant = async (email: string, tenant = 'acme'): Promise<string[]> =>
      (await get({ tenant, q: 'disco' }, await service.bearer(email))).json<SearchResult>().hits.map(({ event }) => event.channel)
    expect(await ofTenant('viewer@acme.example')).toEqual([alerts])
    expect(await ofTenant('manager@acme.example')).toEqual([billing, alerts])
    expect(await ofTenant('operator@neo.example')).toEqual([billing, alerts])
    await expect.poll(() => service.database.inSystem(tx => tx.selectFrom('audit').select('action').where('tenant_id', '=', 'acme').where('target', '=', 'history:read').execute()))
      .toHaveLength(1)
  })

  it('refuses channels and tenants of others, and names what makes no sense', async () => {
    expect((await get({ tenant: 'globex', q: 'secret' })).statusCode).toBe(404)
    expect((await get({ channel: 'tenant:globex:alerts' })).statusCode).toBe(404)
    expect((await get({ channel: billing })).statusCode).toBe(403)
    expect((await service.app.inject({ url: `/v1/history/search?channel=${alerts}` })).statusCode).toBe(401)
    const faultOf = async (query: Record<string, string>): Promise<string | undefined> => {
      const answer = await get(query)
      expect(answer.statusCode).toBe(400)
      return answer.json<{ errors: { path: string }[] }>().errors[0]?.path
    }
    expect(await faultOf({ channel: alerts, q: 'before:yesterday' })).toBe('q')
    expect(await faultOf({ channel: alerts, cursor: 'bm9uc2Vuc2U' })).toBe('cursor')
    expect(await faultOf({ channel: alerts, tenant: 'acme' })).toBe('channel')
    expect(await faultOf({})).toBe('channel')
    expect(await faultOf({ channel: alerts, limit: '201' })).toBe('limit')
  })

  it('takes any text as a query', async () => {
    for (const q of ['%', '\\', '\'; drop table events; --', '(', '[a-z]*', ')*', '*', 'a:b:c', '\u0000', '{"$ne":1}:x', '🙂', '-', '&|!', '<->', 'x.y."z:1']) {
      expect((await get({ tenant: 'acme', q })).statusCode, q).toBe(200)
    }
  })
})

describe('pages of hits', () => {
  const total = 11_000
  let service: TestService
  let member: { authorization: string }
  beforeAll(async () => {
    service = await startService()
    member = await service.bearer('member@acme.example')
    for (let start = 0; start < total; start += 1000) {
      const events = Array.from({ length: Math.min(1000, total - start) }, (_, index) => alert(`${(start + index) % 10 === 0 ? 'rare' : 'common'} number${start + index}`))
      const answer = await service.app.inject({ method: 'POST', url: '/v1/events/batch', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { events } })
      expect(answer.statusCode).toBe(201)
    }
  })
  afterAll(() => service.stop())

  const get = async (query: Record<string, string>): Promise<SearchResult> =>
    (await service.app.inject({ url: `/v1/history/search?${new URLSearchParams(query).toString()}`, headers: member })).json<SearchResult>()
  const seqs = ({ hits }: SearchResult): number[] => hits.map(({ event }) => event.seq ?? 0)
  const readAll = async (query: Record<string, string>): Promise<number[][]> => {
    const pages: number[][] = []
    let cursor: string | undefined
    do {
      const page = await get({ ...query, ...cursor !== undefined && { cursor } })
      pages.push(seqs(page))
      cursor = page.next
    } while (cursor !== undefined)
    return pages
  }
  const rare = Array.from({ length: total / 10 }, (_, index) => index * 10 + 1).reverse()

  it.each([{ channel: alerts }, { tenant: 'acme' }])('go through all hits of %o without hole or double, near and far', async scope => {
    const pages = await readAll({ ...scope as Record<string, string>, q: 'rare', limit: '200' })
    expect(pages.flat().toSorted((a, b) => b - a)).toEqual(rare)
    if ('channel' in scope) expect(pages.flat()).toEqual(rare)
  })

  it('go back to newer hits', async () => {
    const first = await get({ channel: alerts, q: 'rare', limit: '20' })
    const second = await get({ channel: alerts, q: 'rare', limit: '20', cursor: first.next ?? '' })
    const back = await get({ channel: alerts, q: 'rare', limit: '20', cursor: second.previous ?? '' })
    expect(seqs(back)).toEqual(seqs(first))
    expect((await get({ channel: alerts, q: 'rare', cursor: back.previous ?? '' })).hits).toEqual([])
    expect(back.next).toBe(first.next)
  })

  it('show the most relevant first when asked to', async () => {
    const page = await get({ channel: alerts, q: 'rare OR number2590', order: 'relevance', limit: '3' })
    expect(seqs(page)[0]).toBe(2591)
    expect(seqs(await get({ channel: alerts, q: 'rare OR number2590', order: 'relevance', limit: '3', cursor: page.next ?? '' }))).not.toContain(2591)
  })

  it('find one far event by its substring', async () => {
    expect(seqs(await get({ tenant: 'acme', q: 'mber177' })).toSorted((a, b) => a - b)).toEqual([178, ...Array.from({ length: 10 }, (_, index) => 1771 + index)])
    expect(seqs(await get({ tenant: 'acme', q: '"rare number870"' }))).toEqual([8701, 871])
  })
})
