import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

describe('telemetry of browsers', () => {
  let service: TestService
  beforeAll(async () => { service = await startService() })
  afterAll(() => service.stop())

  const report = async (email: string | undefined, payload: object): Promise<Answer> =>
    service.app.inject({ method: 'POST', url: '/v1/telemetry', payload, headers: email === undefined ? {} : await service.bearer(email) })
  const metrics = async (): Promise<string> => (await service.app.inject('/metrics')).body

  it('becomes an estimate of what all browsers received, and figures of how fast it was painted', async () => {
    const payload = { received: [{ family: 'deployments', type: 'deployment_progress', count: 3 }], paints: [20, 90] }
    expect((await report('member@acme.example', payload)).statusCode).toBe(200)
    const body = await metrics()
    expect(body).toContain('events_received_total{family="deployments",type="deployment_progress"} 48')
    expect(body).toContain('event_paint_duration_seconds_bucket{le="0.025"} 1')
    expect(body).toContain('event_paint_duration_seconds_count 2')
  })

  it('is taken at most every 15 s from one person, and answers with the time', async () => {
    const first = await report('manager@acme.example', { received: [] })
    expect(first.statusCode).toBe(200)
    expect(Math.abs(Date.parse(first.json<{ now: string }>().now) - Date.now())).toBeLessThan(5000)
    const refused = await report('manager@acme.example', { received: [] })
    expect(refused.statusCode).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(10)
  })

  it.each([
    ['a type the catalogue does not have', { received: [{ family: 'deployments', type: 'made_up', count: 1 }] }, 'received.0.type'],
    ['a type another family carries', { received: [{ family: 'alerts', type: 'deployment_start', count: 1 }] }, 'received.0.type'],
    ['an unknown family', { received: [{ family: 'tenant:acme', type: 'alert', count: 1 }] }, 'received.0.family'],
    ['no counts', {}, 'received'],
    ['a paint before its event', { received: [], paints: [-1] }, 'paints.0'],
  ])('makes no series of %s', async (_name, payload, path) => {
    const answer = await report('owner@acme.example', payload)
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.json<{ errors: { path: string }[] }>().errors[0]?.path).toBe(path)
    expect(await metrics()).not.toContain('made_up')
  })

  it('is not for strangers, and not for services', async () => {
    expect((await report(undefined, { received: [] })).statusCode).toBe(401)
    const answer = await service.app.inject({ method: 'POST', url: '/v1/telemetry', payload: { received: [] }, headers: { authorization: `Bearer ${service.keyOf('acme')}` } })
    expect(answer.statusCode).toBe(403)
  })
})
