import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlertList, Envelope, History, SearchResult } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const channel = 'tenant:acme:alerts'

describe('history', () => {
  let service: TestService
  let viewer: { authorization: string }
  let published: Envelope[]
  beforeAll(async () => {
    service = await startService()
    viewer = await service.bearer('viewer@acme.example')
    const publish = service.publishAs({ type: 'system', id: 'test' })
    for (let index = 1; index <= 120; index++) {
      service.advance(1000)
      await (index % 10 === 0
        ? publish({ channel, type: 'alert_resolved', data: { alertId: '0197a000-0000-7000-8000-000000000000', severity: 'info', message: String(index) } })
        : publish({ channel, type: 'alert', data: { severity: 'warning', message: String(index) } }))
    }
    published = (await read('after=0&limit=1000')).events
  })
  afterAll(() => service.stop())

  const get = (query: string, name = channel): Promise<Answer> =>
    service.app.inject({ url: `/v1/history?channel=${encodeURIComponent(name)}&${query}`, headers: viewer })
  const read = async (query: string): Promise<History> => (await get(query)).json()
  const seqs = ({ events }: History): (number | undefined)[] => events.map(event => event.seq)
  const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

  it('answers the last 50, oldest first, with the channel\'s position', async () => {
    const history = await read('')
    expect(seqs(history)).toEqual(upTo(71, 120))
    expect(history).toMatchObject({ seq: 120, oldestSeq: 1, next: 71, logEpoch: service.database.logEpoch })
    expect(history.events.at(-1)).toMatchObject({ channel, tenantId: 'acme', type: 'alert_resolved', actor: { type: 'system', id: 'test' }, data: { message: '120' } })
  })

  it('reads upwards to the end without hole or double', async () => {
    const all: (number | undefined)[] = []
    let after: number | undefined = 0
    while (after !== undefined) {
      const page = await read(`after=${after}&limit=17`)
      all.push(...seqs(page))
      after = page.next
    }
    expect(all).toEqual(upTo(1, 120))
  })

  it('reads downwards to the beginning without hole or double', async () => {
    let all: (number | undefined)[] = []
    let query = 'limit=17'
    for (;;) {
      const page = await read(query)
      all = [...seqs(page), ...all]
      if (page.next === undefined) break
      query = `limit=17&before=${page.next}`
    }
    expect(all).toEqual(upTo(1, 120))
  })

  it('filters by type and by time, in both directions', async () => {
    expect(seqs(await read('type=alert_resolved&limit=3'))).toEqual([100, 110, 120])
    const resolved = await read('type=alert_resolved&after=15&limit=2')
    expect(seqs(resolved)).toEqual([20, 30])
    expect(resolved.next).toBe(30)
    const [from, to] = [published[9]?.time, published[19]?.time]
    expect(seqs(await read(`from=${from}&to=${to}`))).toEqual(upTo(10, 20))
    expect(seqs(await read(`from=${from}&to=${to}&type=alert_resolved&after=0`))).toEqual([10, 20])
  })

  it('says that events are gone when what was asked for was trimmed', async () => {
    await service.database.inTenant('acme', async tx => {
      await tx.updateTable('channels').set({ oldest_seq: 41 }).where('name', '=', channel).execute()
      await tx.deleteFrom('events').where('channel', '=', channel).where('seq', '<', 41).execute()
    })
    const gone = await get('after=39')
    expect(gone.statusCode).toBe(410)
    expect(gone.json()).toMatchObject({ code: 'history_trimmed', oldestSeq: 41 })
    expect(seqs(await read('after=40&limit=2'))).toEqual([41, 42])
    expect(await read('before=41')).toMatchObject({ events: [], oldestSeq: 41 })
  })

  it('says the epoch of a log that was restored under it, before it knows of that itself', async () => {
    const write = (epoch: string): Promise<unknown> => service.database.jobs.executeSql(`update settings set value = '"${epoch}"' where key = 'log_epoch'`)
    const { logEpoch } = service.database
    await write('other')
    try {
      const history = await read('limit=1')
      expect([history.logEpoch, history.events[0]?.logEpoch]).toEqual(['other', 'other'])
      const inject = async (url: string): Promise<string> => (await service.app.inject({ url, headers: viewer })).body
      const { hits } = JSON.parse(await inject('/v1/history/search?tenant=acme&limit=1')) as SearchResult
      const [line = ''] = (await inject('/v1/tenants/acme/history/exports')).split('\n')
      const alerts = JSON.parse(await inject('/v1/tenants/acme/alerts')) as AlertList
      expect([hits[0]?.event.logEpoch, (JSON.parse(line) as Envelope).logEpoch, alerts.logEpoch]).toEqual(['other', 'other', 'other'])
    } finally {
      await write(logEpoch)
    }
  })

  it('answers a channel that never had an event with position 0', async () => {
    expect((await get('after=0', 'tenant:acme:certification')).json()).toEqual({ events: [], logEpoch: service.database.logEpoch, seq: 0, oldestSeq: 0 })
  })

  it('refuses what keeps no log, what does not exist and what belongs to others', async () => {
    expect((await get('', 'tenant:acme:metrics')).json()).toMatchObject({ status: 422, code: 'unprocessable' })
    expect((await get('', 'tenant:acme:presence')).statusCode).toBe(422)
    expect((await get('', 'tenant:acme:nothing')).statusCode).toBe(404)
    expect((await get('', 'tenant:globex:alerts')).statusCode).toBe(404)
    expect((await get('', 'tenant:acme:billing')).statusCode).toBe(403)
    expect((await get('', 'admin:alerts')).statusCode).toBe(403)
    expect((await service.app.inject({ url: `/v1/history?channel=${channel}` })).statusCode).toBe(401)
  })

  it.each([
    ['limit=0', 'limit'], ['limit=1001', 'limit'], ['after=-1', 'after'], ['after=x', 'after'], ['before=0', 'before'],
    ['after=1&before=2', 'before'], ['from=yesterday', 'from'], ['more=1', 'more'],
  ])('names the fault of %s', async (query, path) => {
    const answer = await get(query)
    expect(answer.statusCode).toBe(400)
    expect(answer.json<{ errors: { path: string }[] }>().errors.map(fault => fault.path)).toContain(path)
  })
})
