import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alertRuleSchema, type AlertRule } from '@neo-stack/events'
import { endAttempt, holdDue, queueAlert } from '../src/alerts/deliveries.ts'
import { repeatDue } from '../src/alerts/repeat.ts'
import { startAlertRounds, type AlertRounds } from '../src/alerts/rounds.ts'
import { alertsChannel } from '../src/alerts/rule-events.ts'
import { replaceRules } from '../src/alerts/rule-store.ts'
import type { Database } from '../src/database/database.ts'
import { seedDemo } from '../src/identity.ts'
import { createSeal } from '../src/outbound/seal.ts'
import type { Submission, WritePath } from '../src/publish/write-path.ts'
import { openPrepared } from './prepared-database.ts'

const ruleOf = (over: Partial<AlertRule> = {}): AlertRule => alertRuleSchema.parse({ name: 'CPU', metric: 'cpu', op: '>', threshold: 80, severity: 'critical', repeat: '1m', ...over })

describe('rounds of alerts', () => {
  let database: Database
  let offset = 0
  const now = (): number => Date.now() + offset
  const faults: unknown[] = []
  const onFault = (error: unknown): void => { faults.push(error) }
  beforeAll(async () => {
    database = await openPrepared()
    await seedDemo(database, { passwordCost: 4 })
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.inSystem(async tx => { for (const table of ['alert_channels', 'alert_rules'] as const) await tx.deleteFrom(table).execute() })
    faults.splice(0)
  })

  const longAgo = (): number => Math.floor(now() / 1000) - 600
  const fire = async (tenantId: string, ...names: string[]): Promise<void> => database.inTenant(tenantId, tx =>
    replaceRules(tx, tenantId, names.map(name => ({ rule: ruleOf({ name }), state: { state: 'firing', since: longAgo(), alertId: crypto.randomUUID() } }))))
  /** Writes without a log; `meanwhile` comes between the reading and the writing. */
  const startWriting = (meanwhile: (submission: Submission) => Promise<void>): { written: string[], writePath: Pick<WritePath, 'write'> } => {
    const written: string[] = []
    const write = async (submission: Submission): Promise<null> => {
      await meanwhile(submission)
      const { tenantId, events, within } = submission
      await database.inTenant(tenantId, async tx => { await within?.(tx, []) })
      written.push(...events.map(({ data }) => `${tenantId} ${String(data['message'])}`))
      return null
    }
    return { written, writePath: { write } }
  }

  const start = (writePath: Pick<WritePath, 'write'>): AlertRounds => startAlertRounds({
    database, writePath, now, onFault, isLeader: () => true, seal: createSeal('secret', 'test'), publicUrl: () => 'https://neo.example', fetch: () => Promise.reject(new Error('nobody is asked')),
  })

  it('repeat nothing that somebody acknowledged meanwhile', async () => {
    await fire('acme', 'CPU')
    const acknowledge = async (): Promise<void> => { await database.inTenant('acme', tx => tx.updateTable('alert_rules').set({ is_acknowledged: true }).execute()) }
    const { written, writePath } = startWriting(acknowledge)
    await repeatDue({ database, writePath, now, onFault })
    expect(written).toEqual([])
  })

  it('tell of what fails for one tenant or rule, and go on with the others', async () => {
    await fire('acme', 'CPU')
    await fire('globex', 'Broken', 'CPU')
    await database.inTenant('globex', tx => tx.updateTable('alert_rules').set({ rule: JSON.stringify({ repeat: '1m' }) }).where('name', '=', 'Broken').execute())
    const { written, writePath } = startWriting(({ tenantId }) => tenantId === 'acme' ? Promise.reject(new Error('no way in')) : Promise.resolve())
    await repeatDue({ database, writePath, now, onFault })
    expect(written).toEqual(['globex CPU: cpu continua > 80'])
    expect(faults).toHaveLength(2)
  })

  it('judge absence of everybody, whomever it fails for', async () => {
    const absence = ruleOf({ name: 'Silent', kind: 'absence', for: '5s' })
    for (const tenantId of ['acme', 'globex']) await database.inTenant(tenantId, tx => replaceRules(tx, tenantId, [{ rule: absence, state: { state: 'ok' } }]))
    const { written, writePath } = startWriting(({ tenantId }) => tenantId === 'acme' ? Promise.reject(new Error('no way in')) : Promise.resolve())
    const rounds = start(writePath)
    offset += 31_000
    await expect.poll(() => written, { timeout: 10_000 }).toEqual(['globex Silent: sem medidas há 5 s'])
    await rounds.stop()
    expect(faults.length).toBeGreaterThan(0)
  })

  it('judge no absence until they have looked for long enough themselves', async () => {
    await database.inTenant('acme', tx => replaceRules(tx, 'acme', [{ rule: ruleOf({ name: 'Silent', kind: 'absence', for: '5s' }), state: { state: 'ok' } }]))
    await fire('globex', 'CPU')
    const { written, writePath } = startWriting(() => Promise.resolve())
    const rounds = start(writePath)
    // The round that repeats this one has judged absence before.
    await expect.poll(() => written, { timeout: 10_000 }).toEqual(['globex CPU: cpu continua > 80'])
    offset += 31_000
    await expect.poll(() => written, { timeout: 10_000 }).toEqual(['globex CPU: cpu continua > 80', 'acme Silent: sem medidas há 5 s'])
    await rounds.stop()
  })

  /** Makes a channel with messages that are due, one each second, the last one now. */
  const queueDue = async (tenantId: string, count: number): Promise<void> => {
    const [channelId, at] = [crypto.randomUUID(), now()]
    await database.inTenant(tenantId, async tx => {
      await tx.insertInto('alert_channels').values({ tenant_id: tenantId, id: channelId, kind: 'webhook', name: 'Hook', target: 'https://hook.example/', severity: 'info', language: 'en', made_by: 'test', created_at: new Date(at) }).execute()
      await tx.insertInto('alert_deliveries').values(Array.from({ length: count }, (_, index) => {
        const time = new Date(at - (count - 1 - index) * 1000)
        return { tenant_id: tenantId, id: crypto.randomUUID(), channel_id: channelId, group_name: '', alerts: '[]', created_at: time, due_at: time }
      })).execute()
    })
  }
  const states = (tenantId: string): Promise<{ state: string, attempts: number }[]> => database.inTenant(tenantId, tx => tx.selectFrom('alert_deliveries').select(['state', 'attempts']).execute())

  it('an attempt that lost its hold says nothing', async () => {
    await queueDue('acme', 1)
    const [slow] = await holdDue(database, 10, now())
    expect(await holdDue(database, 10, now())).toEqual([])
    const [quick] = await holdDue(database, 10, now() + 61_000)
    if (!slow || !quick) throw new Error('nothing was held')
    expect(await endAttempt(database, slow, { error: 'it took too long', isFinal: true }, { now: now(), random: 0 })).toBeUndefined()
    expect(await states('acme')).toEqual([{ state: 'waiting', attempts: 0 }])
    expect(await endAttempt(database, quick, {}, { now: now(), random: 0 })).toBe('sent')
    expect(await endAttempt(database, slow, { error: 'it took too long' }, { now: now(), random: 0 })).toBeUndefined()
    expect(await states('acme')).toEqual([{ state: 'sent', attempts: 1 }])
  })

  it.each([[0, 51], [1, 103]])('give a message up after twelve attempts: where chance says %i, within %i minutes', async (random, minutes) => {
    await queueDue('acme', 1)
    const ends: unknown[] = []
    const start = now()
    let at = start
    for (let [held] = await holdDue(database, 1, at); held; [held] = await holdDue(database, 1, at)) {
      ends.push(await endAttempt(database, held, { error: 'nobody answers' }, { now: at, random }))
      const { due_at: dueAt } = await database.inTenant('acme', tx => tx.selectFrom('alert_deliveries').select('due_at').executeTakeFirstOrThrow())
      at = Math.max(at, dueAt.getTime())
    }
    expect(ends).toEqual([...Array.from({ length: 11 }, () => 'failed'), 'given_up'])
    expect(Math.round((at - start) / 60_000)).toBe(minutes)
  })

  it('hold the oldest of each tenant before the next ones of any', async () => {
    await queueDue('acme', 15)
    await queueDue('globex', 2)
    const held = await holdDue(database, 5, now())
    expect(held.map(({ tenantId }) => tenantId).toSorted()).toEqual(['acme', 'acme', 'acme', 'globex', 'globex'])
    expect(await holdDue(database, 20, now())).toHaveLength(12)
  })

  it('give up at once what a channel is told while a thousand messages wait', async () => {
    await queueDue('acme', 999)
    const tell = async (group: string): Promise<void> => database.inTenant('acme', tx => queueAlert(tx, {
      id: crypto.randomUUID(), type: 'alert', time: new Date(now()).toISOString(), channel: alertsChannel('acme'), data: { severity: 'critical', message: 'CPU', params: { group } },
    }))
    for (const group of ['one', 'one', 'two', 'two']) await tell(group)
    const rows = await database.inTenant('acme', tx => tx.selectFrom('alert_deliveries').select(['state', 'group_name', 'alerts', 'error']).where('group_name', '<>', '').orderBy('group_name').execute())
    expect(rows.map(({ state, group_name: group, alerts, error }) => ({ state, group, alerts: alerts.length, error }))).toEqual([
      { state: 'waiting', group: 'one', alerts: 2, error: null }, ...[1, 1].map(alerts => ({ state: 'dead', group: 'two', alerts, error: '1000 messages wait for this channel' })),
    ])
  })
})
