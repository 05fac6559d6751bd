import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BillingPublisher } from '@neo-stack/events'
import { startMailRounds, type MailRounds } from '../src/billing/mail/rounds.ts'
import { startService, type TestService } from './service.ts'
import { startMailServer, type MailServer } from './smtp-server.ts'

type Run = (jobs: { data: { tenantId: string, userId: string } }[]) => Promise<void>

describe('what is counted of e-mail of billing', () => {
  let server: MailServer
  let service: TestService
  let rounds: MailRounds
  let work: Run | undefined
  let userId: string
  let [calls, failsAt] = [0, 0]
  const counted: string[] = []

  beforeAll(async () => {
    server = await startMailServer()
    // Sends no letters itself: each job is run here.
    service = await startService()
    const { database } = service
    const inTenant: typeof database.inTenant = (...asked) => ++calls === failsAt ? Promise.reject(new Error('the database is away')) : database.inTenant(...asked)
    const boss = { createQueue: () => Promise.resolve(), offWork: () => Promise.resolve(), work: (_name: string, _options: object, run: Run) => { work = run; return Promise.resolve('worker') } }
    rounds = await startMailRounds(
      { database: { ...database, inTenant }, boss: boss as never, now: () => Date.now() + 1000, onFault: () => undefined, onMessage: (_kind, outcome) => { counted.push(outcome) } },
      { smtpUrl: server.url, from: 'NEO_STACK <billing@neo.example>', publicUrl: () => 'http://portal.example', everyMs: 600_000, delayMs: 0 },
    )
    const headers = await service.bearer('owner@acme.example')
    userId = (await service.app.inject({ url: '/v1/session', headers })).json<{ user: { id: string } }>().user.id
    const chosen = await service.app.inject({ method: 'PUT', url: '/v1/tenants/acme/billing/preferences', headers, payload: { categories: { invoices: { email: true } } } })
    expect(chosen.statusCode, chosen.body).toBeLessThan(300)
    await new BillingPublisher(service.publishAs({ type: 'service', id: 'billing' })).publishInvoice('acme', 'inv-1', 1990, 'BRL')
  })
  afterAll(async () => {
    await rounds?.stop()
    await service?.stop()
    await server?.stop()
  })

  /** Runs a job while the database is away for the so-many-eth of its transactions. */
  const run = async (awayAt = 0): Promise<string> => {
    [calls, failsAt] = [0, awayAt]
    counted.splice(0)
    return await work?.([{ data: { tenantId: 'acme', userId } }]).then(() => 'done', (error: unknown) => (error as Error).message) ?? 'no worker'
  }

  it('is what the mail server was asked: a letter that could not be taken is no attempt, and one that was sent and not noted is one', async () => {
    expect([await run(1), counted]).toEqual(['the database is away', []])
    server.refuse(451)
    expect(await run()).not.toBe('done')
    expect(counted).toEqual(['failed'])
    server.refuse(undefined)
    expect([await run(2), counted]).toEqual(['the database is away', ['sent']])
    expect(server.arrived).toHaveLength(1)
  })
})
