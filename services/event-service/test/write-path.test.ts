import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseChannel, type Channel, type Envelope, type Published } from '@neo-stack/events'
import type { Database } from '../src/database/database.ts'
import { Problem } from '../src/errors.ts'
import { purgeAnswers } from '../src/publish/log.ts'
import { createProjectionRegistry, type Projection } from '../src/publish/projection.ts'
import { openPrepared } from './prepared-database.ts'
import { createWritePath, type DraftEvent, type Submission, type WritePath } from '../src/publish/write-path.ts'

const channelOf = (name: string): Channel => {
  const channel = parseChannel(name)
  if (!channel) throw new Error(name)
  return channel
}
const alertOn = (tenantId: string, message = 'm'): DraftEvent => ({
  channel: channelOf(`tenant:${tenantId}:alerts`), type: 'alert', data: { severity: 'info', message }, actor: { type: 'system', id: 'test' },
})
const submit = (tenantId: string, options: Partial<Submission> = {}): Submission => ({ tenantId, events: [alertOn(tenantId)], ...options })
const key = (name: string, bodyHash = 'a'): NonNullable<Submission['key']> => ({ scope: 's', key: name, bodyHash })

describe('write path', () => {
  let database: Database
  let delivered: Envelope[]
  let transactions: Set<string>[]
  let writePath: WritePath

  beforeAll(async () => {
    database = await openPrepared()
    await database.inSystem(tx => tx.insertInto('tenants').values([{ id: 'acme', name: 'Acme' }, { id: 'globex', name: 'Globex' }]).execute())
    delivered = []
    transactions = []
    const refusing: Projection = {
      types: ['alert'],
      apply: (_tx, event) => event.data['message'] === 'refuse' ? Promise.reject(new Problem('deployment_finished')) : Promise.resolve(undefined),
    }
    const counted: Database = {
      ...database,
      inTenant: (tenantId, run, options) => {
        transactions.push(new Set([tenantId]))
        return database.inTenant(tenantId, run, options)
      },
    }
    writePath = createWritePath({
      database: counted, projections: createProjectionRegistry([refusing]),
      realtime: { deliver: events => { delivered.push(...events); return Promise.resolve() } },
    })
  })
  afterAll(() => database.close())

  const seqs = (answers: unknown[]): number[] => answers.flatMap(answer => (answer as Published[]).map(one => one.seq ?? 0))

  it('numbers concurrent events of one channel densely and delivers them in that order', async () => {
    delivered.length = 0
    transactions.length = 0
    const answers = await Promise.all(Array.from({ length: 300 }, () => writePath.write(submit('acme'))))
    const sorted = seqs(answers).sort((a, b) => a - b)
    expect(sorted).toEqual(Array.from({ length: 300 }, (_, index) => (sorted[0] ?? 0) + index))
    expect(delivered.map(event => event.seq)).toEqual(sorted)
    expect(transactions.length).toBeLessThan(30)
  })

  it('delivers what was committed first before what is tried alone after it', async () => {
    delivered.length = 0
    const batch = (message: string): Promise<unknown> => writePath.write(submit('acme', { events: Array.from({ length: 300 }, () => alertOn('acme', message)) }))
    // Each fills a group: the second one fails while the first is still to be answered.
    const answers = await Promise.allSettled([batch('first'), batch('second'), writePath.write(submit('acme', { events: [alertOn('acme', 'refuse')] })), batch('third')])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    const numbers = delivered.map(({ seq }) => seq ?? 0)
    expect(numbers).toHaveLength(900)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  })

  it('answers 64 parallel submissions under one key with one event', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => writePath.write(submit('acme', { key: key('same') }))))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    expect(await writePath.write(submit('acme', { key: key('same') }))).toEqual(answers[0])
  })

  it('answers what no log keeps once the nodes have it, but does not wait for nodes that are away', async () => {
    const sample: DraftEvent = { ...alertOn('acme'), channel: channelOf('tenant:acme:metrics'), type: 'metrics_update', data: { at: 1 } }
    const delivering: { events: readonly Envelope[], end: () => void }[] = []
    const waiting = (deliverWithinMs: number): WritePath => createWritePath({
      database, projections: new Map(), deliverWithinMs,
      realtime: { enqueue: () => Promise.resolve(), deliver: events => events.length === 0 ? Promise.resolve() : new Promise(resolve => { delivering.push({ events, end: resolve }) }) },
    })
    const [own, hasty] = [waiting(60_000), waiting(1)]
    let isAnswered = false
    const first = own.write(submit('acme', { events: [sample] })).then(() => { isAnswered = true })
    await vi.waitFor(() => { expect(delivering).toHaveLength(1) })
    // What a log keeps goes by the outbox and waits for nobody.
    await own.write(submit('globex', { events: [alertOn('globex')] }))
    expect(isAnswered).toBe(false)
    delivering[0]?.end()
    await first
    await hasty.write(submit('acme', { events: [sample] }))
    expect(delivering.map(({ events }) => events.map(({ type }) => type))).toEqual([['metrics_update'], ['metrics_update']])
    await Promise.all([own.close(), hasty.close()])
  })

  it('refuses another body under a used key, in the same group and later', async () => {
    const [first, second] = await Promise.allSettled([
      writePath.write(submit('acme', { key: key('other') })), writePath.write(submit('acme', { key: key('other', 'b') })),
    ])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'idempotency_conflict' } })
    await expect(writePath.write(submit('acme', { key: key('other', 'b') }))).rejects.toMatchObject({ code: 'idempotency_conflict' })
  })

  it('gives each member of a group its own answer when one of them fails', async () => {
    const before = seqs([await writePath.write(submit('acme'))])[0] ?? 0
    const results = await Promise.allSettled([
      writePath.write(submit('acme')),
      writePath.write(submit('acme', { events: [alertOn('acme'), alertOn('acme', 'refuse')] })),
      writePath.write(submit('acme')),
    ])
    expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(seqs(results.flatMap(result => result.status === 'fulfilled' ? [result.value] : []))).toEqual([before + 1, before + 2])
  })

  it('keeps nothing under the key of a refused submission', async () => {
    await expect(writePath.write(submit('acme', { events: [alertOn('acme', 'refuse')], key: key('refused') }))).rejects.toMatchObject({ code: 'deployment_finished' })
    await expect(writePath.write(submit('acme', { key: key('refused', 'other body') }))).resolves.toHaveLength(1)
  })

  it('never puts two tenants into one transaction', async () => {
    transactions.length = 0
    await Promise.all(Array.from({ length: 40 }, (_, index) => writePath.write(submit(index % 2 ? 'acme' : 'globex'))))
    expect(transactions.length).toBeGreaterThanOrEqual(2)
    await expect(database.inTenant('globex', tx => tx.selectFrom('events').select('id').where('tenant_id', '=', 'acme').execute())).resolves.toEqual([])
  })

  it('runs further writes in the same transaction and takes all back together', async () => {
    const failing = writePath.write(submit('acme', { within: () => Promise.reject(new Problem('unprocessable')), key: key('within') }))
    await expect(failing).rejects.toMatchObject({ code: 'unprocessable' })
    const rows = await database.inTenant('acme', tx => tx.selectFrom('idempotency_keys').select('key').where('key', '=', 'within').execute())
    expect(rows).toEqual([])
  })

  it('refuses what comes after close and finishes what came before', async () => {
    const own = createWritePath({ database, projections: new Map(), realtime: { deliver: () => Promise.resolve() } })
    const before = own.write(submit('acme'))
    await own.close()
    await expect(before).resolves.toHaveLength(1)
    await expect(own.write(submit('acme'))).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('answers after the commit whatever delivery and metrics do', async () => {
    const faults: unknown[] = []
    const broken = [
      { realtime: { deliver: () => Promise.reject(new Error('late')) } },
      { realtime: { deliver: (): Promise<void> => { throw new Error('at once') } } },
      { realtime: { deliver: () => Promise.resolve() }, onWritten: () => { throw new Error('metrics') } },
    ]
    for (const options of broken) {
      const own = createWritePath({ database, projections: new Map(), onFault: error => { faults.push(error) }, ...options })
      const [first] = seqs([await own.write(submit('acme'))])
      expect(seqs([await own.write(submit('acme'))])).toEqual([(first ?? 0) + 1])
      await own.close()
    }
    expect(faults.map(String)).toEqual(['late', 'late', 'at once', 'at once', 'metrics', 'metrics'].map(text => `Error: ${text}`))
  })

  it('refuses more than may wait instead of filling the memory', async () => {
    const own = createWritePath({ database, projections: new Map(), realtime: { deliver: () => Promise.resolve() }, maxWaiting: 10 })
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => own.write(submit('acme'))))
    expect(results.map(result => result.status)).toEqual([...Array.from({ length: 10 }, () => 'fulfilled'), 'rejected', 'rejected'])
    expect(results[11]).toMatchObject({ reason: { code: 'unavailable', retryAfter: 1 } })
    await own.close()
  })

  it('numbers a batch without another event in between', async () => {
    const batch = (): Promise<unknown> => writePath.write(submit('acme', { events: Array.from({ length: 7 }, () => alertOn('acme')) }))
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => index % 2 === 0 ? batch() : writePath.write(submit('acme'))))
    for (const answer of answers) {
      const own = seqs([answer])
      expect(own).toEqual(own.map((_, index) => (own[0] ?? 0) + index))
    }
  })

  it('writes groups of large batches', async () => {
    const batch = Array.from({ length: 1000 }, () => alertOn('globex'))
    const answers = await Promise.all(Array.from({ length: 12 }, () => writePath.write(submit('globex', { events: batch }))))
    expect(seqs(answers)).toHaveLength(12_000)
    expect(new Set(seqs(answers)).size).toBe(12_000)
  })

  it('gives no number to an event that says nothing new, and delivers it to nobody', async () => {
    const repeating: Projection = { types: ['alert'], apply: (_tx, event) => Promise.resolve({ data: event.data, isRepeat: event.data['message'] === 'again' }) }
    const sent: Envelope[] = []
    const own = createWritePath({
      database, projections: createProjectionRegistry([repeating]), realtime: { deliver: events => { sent.push(...events); return Promise.resolve() } },
    })
    const answer = await own.write(submit('acme', { events: [alertOn('acme'), alertOn('acme', 'again'), alertOn('acme')] })) as Published[]
    expect(answer.map(one => one.seq === undefined)).toEqual([false, true, false])
    expect(sent.map(event => event.seq)).toEqual([answer[0]?.seq, (answer[0]?.seq ?? 0) + 1])
    await own.close()
  })

  it('lets a projection take neighbours of one type at once, and numbers them in their order', async () => {
    const taken: string[][] = []
    const many: Projection = {
      types: ['alert'],
      apply: (_tx, event) => { taken.push([String(event.data['message'])]); return Promise.resolve(undefined) },
      applyAll: (_tx, events) => {
        const messages = events.map(({ data }) => String(data['message']))
        if (messages.includes('alone')) return Promise.resolve(undefined)
        taken.push(messages)
        return Promise.resolve(events.map(({ data }) => ({ data: { ...data, message: `${String(data['message'])}!` } })))
      },
    }
    const sent: Envelope[] = []
    const own = createWritePath({ database, projections: createProjectionRegistry([many]), realtime: { deliver: events => { sent.push(...events); return Promise.resolve() } } })
    const resolved: DraftEvent = { ...alertOn('acme'), type: 'alert_resolved', data: { alertId: crypto.randomUUID(), message: 'r' } }
    const answer = seqs([await own.write(submit('acme', { events: [alertOn('acme', 'a'), alertOn('acme', 'b'), resolved, alertOn('acme', 'c')] }))])
    await own.write(submit('acme', { events: [alertOn('acme', 'alone'), alertOn('acme', 'd')] }))
    expect(taken).toEqual([['a', 'b'], ['c'], ['alone'], ['d']])
    expect(sent.map(({ data }) => data['message'])).toEqual(['a!', 'b!', 'r', 'c', 'alone', 'd'])
    expect(answer).toEqual(answer.map((_, index) => (answer[0] ?? 0) + index))
    await own.close()
  })

  it('forgets answers older than a day, and only those', async () => {
    await writePath.write(submit('acme', { key: key('old') }))
    await writePath.write(submit('acme', { key: key('new') }))
    await database.inSystem(tx => tx.updateTable('idempotency_keys').set({ created_at: new Date(Date.now() - 25 * 3_600_000) }).where('key', '=', 'old').execute())
    expect(await database.inSystem(tx => purgeAnswers(tx, 100))).toBe(1)
    expect(await database.inSystem(tx => tx.selectFrom('idempotency_keys').select('key').where('key', 'in', ['old', 'new']).execute())).toEqual([{ key: 'new' }])
  })
})
