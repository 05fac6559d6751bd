import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Envelope } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('exports and erasures', () => {
  let service: TestService
  let userId: string
  beforeAll(async () => {
    service = await startService()
    userId = await service.database.inTenant('acme', async tx =>
      (await tx.selectFrom('users').select('id').where('email', '=', 'member@acme.example').executeTakeFirstOrThrow()).id)
    const publish = service.publishAs({ type: 'system', id: 'test' })
    for (let start = 0; start < 1300; start += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: `a${start + index}` } })))
    }
    await service.publishAs({ type: 'user', id: userId })({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'said by member' } })
    await publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: `about ${userId}` } })
    await publish({ channel: 'tenant:globex:alerts', type: 'alert', data: { severity: 'info', message: 'secret' } })
  })
  afterAll(() => service.stop())

  const get = async (email: string, query = ''): Promise<Answer> =>
    service.app.inject({ url: `/v1/tenants/acme/history/exports${query}`, headers: await service.bearer(email) })
  const linesOf = ({ body }: Answer): Envelope[] => body.split('\n').filter(Boolean).map(line => JSON.parse(line) as Envelope)

  const alertsIn = (events: readonly Envelope[]): Envelope[] => events.filter(({ channel }) => channel === 'tenant:acme:alerts')

  it('gives all events as lines of JSON, each once', async () => {
    const answer = await get('viewer@acme.example')
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/)
    const events = linesOf(answer)
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    expect(events.every(({ tenantId }) => tenantId === 'acme')).toBe(true)
    expect(alertsIn(events).map(({ seq = 0 }) => seq).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1302 }, (_, index) => index + 1))
  })

  it('gives what a search finds, in one channel or all', async () => {
    expect(linesOf(await get('viewer@acme.example', '?q=a129*&channel=tenant:acme:alerts'))).toHaveLength(11)
    expect((await get('viewer@acme.example', '?channel=tenant:acme:billing')).statusCode).toBe(403)
    expect((await get('viewer@acme.example', '?channel=tenant:globex:alerts')).statusCode).toBe(404)
    expect((await get('viewer@acme.example', '?q=before:x')).statusCode).toBe(400)
    expect((await get('viewer@globex.example')).statusCode).toBe(404)
  })

  const erase = async (email: string, id = userId): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/tenants/acme/history/erasures', headers: await service.bearer(email), payload: { userId: id } })

  it('lets an owner erase a person: rows and numbers stay, what was said does not', async () => {
    expect((await erase('manager@acme.example')).statusCode).toBe(403)
    expect((await erase('owner@globex.example')).statusCode).toBe(404)
    expect((await erase('owner@acme.example', 'nobody')).statusCode).toBe(400)
    const answer = await erase('owner@acme.example')
    expect(answer.json()).toEqual({ erased: 2 })
    const events = linesOf(await get('viewer@acme.example'))
    expect(alertsIn(events)).toHaveLength(1302)
    // The act itself stands in the activity, without the person.
    expect(events.filter(({ data }) => data['action'] === 'user.erased')).toHaveLength(1)
    expect(JSON.stringify(events)).not.toContain(userId)
    expect(events.filter(({ data }) => Object.keys(data).length === 0).map(({ actor }) => actor?.id)).toEqual(['erased', 'erased'])
    expect(linesOf(await get('viewer@acme.example', '?q="said by"'))).toEqual([])
    expect((await erase('owner@acme.example')).json()).toEqual({ erased: 0 })
    const audit = await service.database.inTenant('acme', tx => tx.selectFrom('audit').select('detail').where('action', '=', 'user.erased').execute())
    expect(audit).toEqual([{ detail: { userId } }, { detail: { userId } }])
  })
})
