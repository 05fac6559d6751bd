/**
 * The one write path: numbers, projects, logs and hands over events. Concurrent submissions of one tenant share a transaction;
 * two tenants' never do. Nothing is answered before its commit, nothing is delivered before it either.
 */

import { randomBytes } from 'node:crypto'
import { uuidv7, type Actor, type Channel, type Envelope, type EventTypeName, type Published } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { createGather } from './gather.ts'
import { appendEvents, findAnswers, keepAnswers, lockChannels, type KeptAnswer, type NumberedEvent } from './log.ts'
import type { PendingEvent, ProjectionRegistry } from './projection.ts'

/** An event that was parsed and authorized. */
export interface DraftEvent {
  channel: Channel
  type: EventTypeName
  data: Record<string, unknown>
  actor: Actor
}

/** What is written together: all of it or nothing. */
export interface Submission {
  tenantId: string
  events: readonly DraftEvent[]
  /** Repeats under the same scope and key answer the first result for 24 h; another body is a conflict. */
  key?: { scope: string, key: string, bodyHash: string }
  /** More writes of the same transaction: rows of a command, jobs. Runs after the events were projected. */
  within?: (tx: Tx, events: readonly Envelope[]) => Promise<void>
  /** What to answer, kept under `key`. @default the published events */
  answer?: (events: readonly Envelope[]) => unknown
}

/** What the write path needs. */
export interface WritePathOptions {
  database: Database
  projections: ProjectionRegistry
  realtime: Pick<Realtime, 'deliver'>
  now?: () => number
  random?: (size: number) => Uint8Array
  /** Told after each commit, for metrics. */
  onWritten?: (events: readonly Envelope[]) => void
}

/** See {@link createWritePath}. */
export interface WritePath {
  /**
   * Writes a submission; resolves after the commit with its answer.
   * @throws {Problem} `idempotency_conflict`, or what a projection refuses with
   */
  write: (submission: Submission) => Promise<unknown>
  /** Waits for everything in flight and refuses what comes later with `unavailable`. */
  close: () => Promise<void>
}

interface Member {
  submission: Submission
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
}

interface Written {
  answers: Map<Member, unknown>
  refused: Map<Member, Problem>
  events: Envelope[]
}

/** An envelope's answer to its publisher. */
export function toPublished({ id, seq, time }: Envelope): Published {
  return { id, ...seq !== undefined && { seq }, time }
}

/** Creates the write path. */
export function createWritePath(options: WritePathOptions): WritePath {
  let isClosed = false
  const gather = createGather<Member>({ run: (tenantId, group) => runGroup(options, tenantId, group) })
  return {
    write: submission => isClosed
      ? Promise.reject(new Problem('unavailable', { retryAfter: 1 }))
      : new Promise((resolve, reject) => { gather.add(submission.tenantId, { submission, resolve, reject }) }),
    close: () => {
      isClosed = true
      return gather.drain()
    },
  }
}

/** Commits a group; when it fails, each member is tried alone, so that each gets its own answer. Never rejects. */
async function runGroup(options: WritePathOptions, tenantId: string, group: readonly Member[]): Promise<void> {
  try {
    const written = await options.database.inTenant(tenantId, tx => writeGroup(options, tx, group))
    void options.realtime.deliver(written.events)
    options.onWritten?.(written.events)
    for (const [member, answer] of written.answers) member.resolve(answer)
    for (const [member, problem] of written.refused) member.reject(problem)
  } catch (error) {
    const [only] = group
    if (group.length === 1 && only) only.reject(error)
    else for (const member of group) await runGroup(options, tenantId, [member])
  }
}

async function writeGroup(options: WritePathOptions, tx: Tx, group: readonly Member[]): Promise<Written> {
  const tenantId = group[0]?.submission.tenantId ?? ''
  const keys = group.flatMap(({ submission }) => submission.key ?? [])
  const kept = await findAnswers(tx, tenantId, keys)
  const { fresh, repeats, refused } = sortOut(group, kept)
  const drafts = fresh.map(member => ({ member, events: member.submission.events.map(event => toPending(options, event)) }))
  const numbers = await lockChannels(tx, tenantId, drafts.flatMap(draft => draft.events.flatMap(event => channelsOf(options, event))))
  const written: Written = { answers: new Map(), refused, events: [] }
  const rows: NumberedEvent[] = []
  const answers: KeptAnswer[] = []
  for (const { member, events } of drafts) {
    const all: Envelope[] = []
    const own: Envelope[] = []
    for (const event of events) {
      const [first, ...derived] = await project(options, tx, event)
      own.push(number(options, numbers, first, rows))
      all.push(...own.slice(-1), ...derived.map(one => number(options, numbers, one, rows)))
    }
    await member.submission.within?.(tx, own)
    const answer = member.submission.answer?.(own) ?? own.map(toPublished)
    if (member.submission.key) answers.push({ ...member.submission.key, answer })
    written.answers.set(member, answer)
    written.events.push(...all)
  }
  await appendEvents(tx, rows)
  await keepAnswers(tx, tenantId, answers)
  for (const [member, original] of repeats) {
    written.answers.set(member, 'member' in original ? written.answers.get(original.member) : original.answer)
  }
  return written
}

/** An answer that already stands, or the member of this group that will give it. */
type Original = KeptAnswer | { member: Member }

interface Sorted {
  fresh: Member[]
  repeats: Map<Member, Original>
  refused: Map<Member, Problem>
}

/** Parts a group into what is new, what repeats an earlier submission and what conflicts with one. */
function sortOut(group: readonly Member[], kept: readonly KeptAnswer[]): Sorted {
  const seen = new Map<string, { bodyHash: string, original: Original }>(kept.map(one => [keyText(one), { bodyHash: one.bodyHash, original: one }]))
  const result: Sorted = { fresh: [], repeats: new Map(), refused: new Map() }
  for (const member of group) {
    const { key } = member.submission
    const earlier = key && seen.get(keyText(key))
    if (!earlier) result.fresh.push(member)
    else if (earlier.bodyHash === key.bodyHash) result.repeats.set(member, earlier.original)
    else result.refused.set(member, new Problem('idempotency_conflict'))
    if (key && !earlier) seen.set(keyText(key), { bodyHash: key.bodyHash, original: { member } })
  }
  return result
}

const keyText = ({ scope, key }: { scope: string, key: string }): string => JSON.stringify([scope, key])

function toPending({ now = Date.now, random = randomBytes }: WritePathOptions, event: DraftEvent): PendingEvent {
  const time = now()
  return { ...event, id: uuidv7(time, random(10)), time: new Date(time).toISOString() }
}

function channelsOf({ projections }: WritePathOptions, event: PendingEvent): readonly string[] {
  const derived = projections.get(event.type)?.derives?.(event) ?? []
  return event.channel.kept === 'log' ? [event.channel.name, ...derived] : derived
}

async function project(options: WritePathOptions, tx: Tx, event: PendingEvent): Promise<[PendingEvent, ...PendingEvent[]]> {
  const projected = await options.projections.get(event.type)?.apply(tx, event)
  const derived = projected?.derived?.map(one => toPending(options, { ...one, actor: event.actor })) ?? []
  return [projected?.data ? { ...event, data: projected.data } : event, ...derived]
}

/** Gives an event its `seq` where its channel keeps a log, and remembers it for insertion. */
function number({ database }: WritePathOptions, numbers: Map<string, number>, event: PendingEvent, rows: NumberedEvent[]): Envelope {
  const { id, type, channel, time, actor, data } = event
  const base = { id, type, channel: channel.name, tenantId: channel.tenantId, time, actor, data }
  if (channel.kept !== 'log') return base
  const last = numbers.get(channel.name)
  if (last === undefined) throw new TypeError(`channel ${channel.name} was not locked: name it in derives()`)
  const seq = last + 1
  numbers.set(channel.name, seq)
  rows.push({ ...event, seq })
  return { ...base, seq, logEpoch: database.logEpoch }
}
