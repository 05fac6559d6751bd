/**
 * The authorization matrix: every actor at every door of every kind of channel, the answer with its code, and nothing changed by who was
 * denied (RELIABILITY 5.3). The denied come first, so that nobody else's act is in the way of that proof.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { channelFamilies, rolePermissions } from '@neo-stack/events'
import { until, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from '../column.ts'
import { createCast, isOld, type Actor, type Cast } from './actors.ts'
import { channelsOf, doors, type Door } from './doors.ts'
import { expected, known, refusals, strange, unmeasured, type Kind, type Known, type Strange, type Unknown } from './expected.ts'

const all = Object.keys(expected) as Kind[]
/** A kind of each sort, which go first: of a tenant by right and by role, kept and not, of one person, of operators, and no channel at all. */
const first: readonly Kind[] = ['deployments', 'billing', 'presence', 'user', 'admin-alerts', 'over-long']
/** How many kinds are knocked at in the scale-out column, where each takes seconds. */
const KINDS = Number(process.env['NEO_CLUSTER_KINDS'] ?? 6)
const kinds = isScaleOut ? [...first, ...all.filter(kind => !first.includes(kind))].slice(0, KINDS) : all
const strangers = Object.keys(refusals) as Unknown[]

const codes: Readonly<Record<string, string>> = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 422: 'unprocessable' }

/** One 400 per reason: a form that no channel has, a length that no name has. */
function codeOf(status: string, kind: Kind): string {
  if (status === '400') return kind === 'over-long' ? 'invalid_request' : 'unknown_channel'
  return codes[status] ?? ''
}

/** What the known get: from the column of their own at REST, and from the engine by whether a token is given. */
function answerTo(who: Known, kind: Kind, { action, isRealtime }: Door): string | undefined {
  const status = expected[kind][action]?.split(' ')[known.indexOf(who)]
  if (status === undefined || !isRealtime) return status?.startsWith('2') ? status : status && `${status} ${codeOf(status, kind)}`
  if (action === 'snapshot') return undefined
  // Nobody reads history or publishes through the engine: REST does, where the log is and the catalogue.
  return kind in strange ? (isScaleOut && unmeasured[kind as Strange]?.[action]) || strange[kind as Strange][action] : action === 'subscribe' && status === '200' ? 'let in' : 'error 103'
}

function answersOf(kind: Kind, door: Door): Record<string, string | undefined> {
  const answers: [string, string | undefined][] = [
    ...known.map((who): [string, string | undefined] => [who, answerTo(who, kind, door)]),
    ...strangers.map((who): [string, string] => [who, door.isRealtime ? refusals[who] : atRest(who, kind)]),
  ]
  return Object.fromEntries(answers)
}

/** What has no good form is said before it is asked who it is from; a bad token is said first. */
const atRest = (who: Unknown, kind: Kind): string => who === 'nobody' && kind === 'over-long' ? '400 invalid_request' : '401 unauthenticated'

/**
 * Centrifugo lets in whoever was shut out while the connection's token still runs, gives no channel, and is told each second to cut:
 * the engine refuses at once. Both keep them out.
 */
const isCutLater = (who: string): boolean => isScaleOut && (who === 'revoked' || who === 'suspended tenant\'s key')

/** Whether whoever was shut out is refused by each service behind the gateway: the one that did not do it hears of it within a second. */
async function areOut(url: string, { actors }: Cast): Promise<boolean> {
  const asked = [actors.revoked, actors['suspended tenant\'s key']].flatMap(({ bearer }) => Array.from({ length: isScaleOut ? 6 : 1 }, () => fetch(`${url}/v1/session`, { headers: { authorization: `Bearer ${bearer}` } })))
  return (await Promise.all(asked)).every(({ status }) => status === 401)
}

const isDenial = (answer: string | undefined): boolean => answer !== undefined && !/^(2|let in)/.test(answer)

describe('the authorization matrix', () => {
  let platform: TestPlatform
  let cast: Cast
  let channelOf: (kind: Kind) => string
  const enter = async (): Promise<void> => {
    cast = await createCast(platform)
    await until(() => areOut(platform.url, cast), { timeoutMs: 20_000, everyMs: 50, what: 'everybody to hear who is shut out' })
    // Search's index comes behind the log.
    await until(async () => (await platform.database.inSystem(tx => tx.selectFrom('channels').select('name').whereRef('indexed_seq', '<', 'seq').execute())).length === 0, { timeoutMs: 60_000, what: 'the index of words to have come to the end of every log' })
  }
  beforeAll(async () => {
    platform = await startColumn()
    await platform.service('acme').rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: 'odoo-1', instanceType: 'odoo', logs: ['first'] } })
    await enter()
    channelOf = channelsOf(cast)
  })
  beforeEach(async () => { if (isOld(cast)) await enter() })
  afterAll(async () => { await platform?.stop() })

  const cells = kinds.flatMap(kind => doors.filter(({ action }) => expected[kind][action] !== undefined).map(door => ({ kind, door, name: door.name })))
  const ask = async (kind: Kind, door: Door, isAsked: (answer: string | undefined) => boolean): Promise<{ given: object, wanted: object }> => {
    const wanted = Object.entries(answersOf(kind, door)).filter(([, answer]) => isAsked(answer))
    const given: [string, string][] = []
    for (const [who, answer = ''] of wanted) {
      const told = await door.knock({ url: platform.url, actor: cast.actors[who as keyof Cast['actors']] satisfies Actor, kind, channel: channelOf(kind) })
      given.push([who, door.isRealtime && isCutLater(who) && isDenial(told) ? answer : told])
    }
    return { given: Object.fromEntries(given), wanted: Object.fromEntries(wanted) }
  }

  test('has a row of every family, a column of every role and eighteen actors', () => {
    expect(all).toEqual(expect.arrayContaining(Object.keys(channelFamilies)))
    for (const role of Object.keys(rolePermissions)) expect(known).toContain(role === 'admin' ? 'operator' : `acme ${role}`)
    expect(new Set([...known, ...strangers]).size).toBe(18)
    expect(Object.keys(cast.actors).sort()).toEqual([...known, ...strangers].sort())
    for (const row of Object.values(expected).flatMap(kind => Object.values(kind))) expect(row.split(' ')).toHaveLength(known.length)
    if (kinds.length === all.length) expect(cells.length * (known.length + strangers.length)).toBeGreaterThan(3000)
  })

  test.each(cells)('denies $name of $kind to whom it must, with the right code and without a trace', async ({ kind, door }) => {
    const before = await fingerprint(platform)
    const { given, wanted } = await ask(kind, door, isDenial)
    expect(given).toEqual(wanted)
    expect(await fingerprint(platform)).toEqual(before)
  })

  test.each(cells)('lets in at $name of $kind whom it must', async ({ kind, door }) => {
    const { given, wanted } = await ask(kind, door, answer => answer !== undefined && !isDenial(answer))
    expect(given).toEqual(wanted)
  })
})

/** What a running cluster does by itself each second: events on their way to Centrifugo, and samples of the host and of instances. */
const isMoving = (table: string): boolean => isScaleOut && (table === 'centrifugo_outbox' || table.startsWith('metric_'))

/** How many rows each table has and what they say; when a key or a session was last used is not part of it. */
async function fingerprint({ database }: TestPlatform): Promise<unknown> {
  const tables = await database.jobs.executeSql('select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = \'public\' and relkind = \'r\' order by 1') as { rows: { name: string }[] }
  const counts = tables.rows.filter(({ name }) => !isMoving(name)).map(({ name }) => `select '${name}' as name, count(*)::int as rows, sum(hashtextextended((to_jsonb(t) - 'last_used_at')::text, 0))::text as said from "${name}" t`)
  return (await database.jobs.executeSql(counts.join(' union all ')) as { rows: unknown[] }).rows
}
