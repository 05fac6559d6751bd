import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseChannel, type Channel, type Envelope, type Published } from '@neo-stack/events'
import type { Database } from '../src/database/database.ts'
import { Problem } from '../src/errors.ts'
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

describe('write path on PGlite', () => {
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

  it('answers 64 parallel submissions under one key with one event', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => writePath.write(submit('acme', { key: key('same') }))))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    expect(await writePath.write(submit('acme', { key: key('same') }))).toEqual(answers[0])
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
})
