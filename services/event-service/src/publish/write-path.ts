/**
 * The one write path: numbers, projects, logs and hands over events. Concurrent submissions of one tenant share a transaction;
 * two tenants' never do. Nothing is answered before its commit, nothing is delivered before it either.
 */

import type { Actor, Channel, Envelope, EventTypeName, Published } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { isCollision } from '../database/faults.ts'
import { isProblem, Problem } from '../errors.ts'
import { inTime } from '../in-time.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { createGather } from './gather.ts'
import { createRandom } from '../random.ts'
import { createIds } from './ids.ts'
import { appendEvents, findAnswers, keepAnswers, lockChannels, type KeptAnswer, type NumberedEvent } from './log.ts'
import type { PendingEvent, Projected, ProjectionRegistry } from './projection.ts'
import type { Stage } from './stages.ts'
import { outsideTraces } from '../tracing/context.ts'
import type { Span, Tracer } from '../tracing/tracer.ts'
import { traceCommit, traceDelivery, traceSubmission, type SubmissionTrace } from './traced.ts'

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
  realtime: Pick<Realtime, 'deliver' | 'enqueue'>
  now?: () => number
  random?: (size: number) => Uint8Array
  /** Told after each commit, for metrics. */
  onWritten?: (events: readonly Envelope[]) => void
  /** Told what went wrong after a commit, which no publisher must hear: the event is written. */
  onFault?: (error: unknown) => void
  /** Submissions of a tenant that may wait; more are refused with `unavailable`. @default 10_000 */
  maxWaiting?: number
  /** Milliseconds until a publisher who was not answered hears `unavailable`: whether it was written is then not known. @default it waits */
  answerWithinMs?: number | undefined
  /**
   * Milliseconds that an answer waits at most for what no log keeps to reach nodes on the network: who publishes one after the other through
   * two services has that delivered in this order, and is not kept waiting while no node answers. @default 250
   */
  deliverWithinMs?: number
  /** Told of each stage that a write reaches. @default nobody */
  onStage?: (stage: Stage) => void
  /** Makes spans of writes. @default none */
  tracer?: Tracer | undefined
}

/** See {@link createWritePath}. */
export interface WritePath {
  /**
   * Writes a submission; resolves after the commit with its answer.
   * @throws {Problem} `idempotency_conflict`, `unavailable` when closing or overloaded, or what a projection refuses with
   */
  write: (submission: Submission) => Promise<unknown>
  /** Waits for everything in flight and refuses what comes later with `unavailable`. */
  close: () => Promise<void>
}

interface Member {
  trace: SubmissionTrace
  /** Its publisher has given up: unless it was begun it is not written any more. */
  isOver?: boolean
  submission: Submission
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
}

interface Written {
  commit?: Span | undefined
  answers: Map<Member, unknown>
  refused: Map<Member, Problem>
  events: Envelope[]
}

/** An envelope's answer to its publisher. */
function toPublished({ id, seq, time }: Envelope): Published {
  return { id, ...seq !== undefined && { seq }, time }
}

/** The options, and what one write path keeps between its groups. */
interface Kept extends WritePathOptions {
  nextId: (time: number) => string
  /** Told when the database has what takes it longest, and this thread has time. */
  onAway?: () => void
}

/** Creates the write path. */
export function createWritePath(given: WritePathOptions): WritePath {
  const { maxWaiting = 10_000, random = createRandom() } = given
  const options: Kept = { ...given, nextId: createIds(random) }
  let isClosed = false
  const gather = createGather<Member>({
    run: (tenantId, group, onAway) => outsideTraces(() => runGroup({ ...options, onAway }, tenantId, group.filter(({ isOver }) => !isOver))),
    weigh: ({ submission }) => submission.events.length,
  })
  return {
    write: submission => isClosed || gather.waiting(submission.tenantId) >= maxWaiting
      ? Promise.reject(new Problem('unavailable', { retryAfter: 1 }))
      : new Promise((resolve, reject) => {
        options.onStage?.('submitted')
        gather.add(submission.tenantId, within(options.answerWithinMs, traced(options, { submission, resolve, reject })))
      }),
    close: () => {
      isClosed = true
      return gather.drain()
    },
  }
}

/** A member in its caller's trace; its span ends with its answer. */
function traced({ tracer }: Kept, member: Omit<Member, 'trace'>): Member {
  const trace = traceSubmission(tracer, member.submission)
  if (!trace.span) return { ...member, trace }
  return {
    ...member, trace,
    resolve: answer => {
      trace.span?.end()
      member.resolve(answer)
    },
    reject: error => {
      trace.span?.end(error)
      member.reject(error)
    },
  }
}

/** Answers a member `unavailable` after a while, unless it was answered before. */
function within(ms: number | undefined, member: Member): Member {
  if (ms === undefined) return member
  const timed: Member = {
    ...member,
    resolve: answer => {
      clearTimeout(timer)
      member.resolve(answer)
    },
    reject: error => {
      clearTimeout(timer)
      member.reject(error)
    },
  }
  const timer = setTimeout(() => {
    timed.isOver = true
    member.reject(new Problem('unavailable', { retryAfter: 1 }))
  }, ms)
  return timed
}

/**
 * Commits a group; when it fails, each member is tried alone, so that each gets its own answer. When the database went away nobody
 * knows whether the group was committed: trying again could write it twice. Never rejects.
 * @returns what hands over and answers what was committed
 */
async function runGroup(options: Kept, tenantId: string, group: readonly Member[]): Promise<() => void> {
  let written: Written
  if (group.length === 0) return () => undefined
  options.onStage?.('group-closed')
  try {
    written = await commitGroup(options, tenantId, group)
  } catch (error) {
    // What was committed before is handed over before.
    options.onAway?.()
    if (group.length === 1 || isProblem(error, 'unavailable')) for (const member of group) member.reject(error)
    else for (const member of group) (await runGroup(options, tenantId, [member]))()
    return () => undefined
  }
  options.onStage?.('committed')
  return () => { outsideTraces(() => { finishGroup(options, written) }) }
}

function finishGroup(options: Kept, written: Written): void {
  const delivered = handOver(options, written)
  options.onStage?.('handed-over')
  const answer = (): void => {
    for (const [member, one] of written.answers) member.resolve(one)
    for (const [member, problem] of written.refused) member.reject(problem)
    options.onStage?.('answered')
  }
  if (!delivered) return answer()
  void inTime(options.deliverWithinMs ?? 250, delivered, () => undefined).then(answer)
}

/** A member that met another process's transaction under the same key is tried once more: the other's answer stands by then. */
async function commitGroup(options: Kept, tenantId: string, group: readonly Member[]): Promise<Written> {
  const span = traceCommit(options.tracer, group.map(({ trace }) => trace))
  const commit = async (): Promise<Written> => ({ ...await options.database.inTenant(tenantId, tx => writeGroup(options, tx, group)), commit: span })
  const commitOrAgain = (): Promise<Written> => commit().catch((error: unknown) => {
    if (group.length > 1 || !isCollision(error)) throw error
    return commit()
  })
  try {
    const written = await commitOrAgain()
    span?.end()
    return written
  } catch (error) {
    span?.end(error)
    throw error
  }
}

/** Whether a log keeps the event. */
const isKept = ({ seq }: Envelope): boolean => seq !== undefined

/**
 * After the commit nothing may fail the group any more: trying it again would write it twice.
 * @returns when what goes to nodes on the network besides the outbox was delivered or given up; never rejects
 */
function handOver({ realtime, onWritten, onFault, tracer }: WritePathOptions, { events, commit }: Written): Promise<void> | undefined {
  let delivered: Promise<void> | undefined
  try {
    const own = realtime.enqueue ? events.filter(event => !isKept(event)) : events
    const span = own.length > 0 ? traceDelivery(tracer, commit, own.length) : undefined
    const delivering = realtime.deliver(own).then(() => { span?.end() }, (error: unknown) => {
      span?.end(error)
      onFault?.(error)
    })
    if (realtime.enqueue && own.length > 0) delivered = delivering
    onWritten?.(events)
  } catch (error) {
    onFault?.(error)
  }
  return delivered
}

async function writeGroup(options: Kept, tx: Tx, group: readonly Member[]): Promise<Written> {
  const tenantId = group[0]?.submission.tenantId ?? ''
  const { onStage = () => undefined } = options
  onStage('transaction-begun')
  const keys = group.flatMap(({ submission }) => submission.key ?? [])
  const { fresh, repeats, refused } = sortOut(group, await findAnswers(tx, tenantId, keys))
  onStage('keys-looked-up')
  const drafts = fresh.map(member => ({ member, events: member.submission.events.map(event => toPending(options, { ...event, traceparent: member.trace.traceparent })) }))
  onStage('events-made')
  const names = await namesOf(options, tx, drafts.flatMap(draft => draft.events))
  const ledger: Ledger = { options, numbers: await lockChannels(tx, tenantId, names), rows: [], delivered: [] }
  onStage('channels-locked')
  const answers = new Map<Member, unknown>()
  for (const { member, events } of drafts) answers.set(member, await writeMember(ledger, tx, member.submission, events))
  const appended = appendEvents(tx, ledger.rows)
  if (options.onAway) setImmediate(options.onAway)
  await appended
  await options.realtime.enqueue?.(tx, ledger.delivered.filter(isKept))
  onStage('events-inserted')
  await keepAnswers(tx, tenantId, fresh.flatMap(member => member.submission.key ? [{ ...member.submission.key, answer: answers.get(member) }] : []))
  onStage('answers-kept')
  for (const [member, original] of repeats) answers.set(member, 'member' in original ? answers.get(original.member) : original.answer)
  return { answers, refused, events: ledger.delivered }
}

/** What a transaction has numbered so far. */
interface Ledger {
  options: Kept
  /** The last `seq` of each locked channel. */
  numbers: Map<string, number>
  rows: NumberedEvent[]
  delivered: Envelope[]
}

/** Projects and numbers a submission's events. @returns its answer */
async function writeMember(ledger: Ledger, tx: Tx, submission: Submission, events: readonly PendingEvent[]): Promise<unknown> {
  const own: Envelope[] = []
  for await (const projected of project(ledger.options, tx, events)) {
    for (const { first, isRepeat, derived } of projected) {
      ledger.options.onStage?.('event-projected')
      own.push(isRepeat ? toEnvelope(first) : number(ledger, first))
      for (const one of derived) number(ledger, one)
      ledger.options.onStage?.('event-numbered')
    }
  }
  await submission.within?.(tx, own)
  ledger.options.onStage?.('member-written')
  return submission.answer ? submission.answer(own) : own.map(toPublished)
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

function toPending({ now = Date.now, nextId }: Kept, { traceparent, ...event }: DraftEvent & { traceparent: string | undefined }): PendingEvent {
  const time = now()
  return { ...event, ...traceparent !== undefined && { traceparent }, id: nextId(time), time: new Date(time).toISOString() }
}

/** The channels that events are numbered on: their own, and those that others may be derived on. */
async function namesOf({ projections }: WritePathOptions, tx: Tx, events: readonly PendingEvent[]): Promise<string[]> {
  const names: string[] = []
  for (const event of events) {
    if (event.channel.kept === 'log') names.push(event.channel.name)
    const derived = projections.get(event.type)?.derives?.(event, tx)
    if (derived) names.push(...await derived)
  }
  return names
}

interface ProjectedEvent {
  first: PendingEvent
  isRepeat: boolean
  derived: readonly PendingEvent[]
}

/** Projects events in their order; neighbours of one type at once, where their projection can or where they have none. */
async function* project(options: Kept, tx: Tx, events: readonly PendingEvent[]): AsyncGenerator<ProjectedEvent[]> {
  for (const run of toRuns(events)) {
    const projection = options.projections.get(run[0].type)
    const all = !projection ? [] : run.length > 1 ? await projection.applyAll?.(tx, run) : undefined
    if (all || !projection) yield run.map((event, index) => toProjected(options, event, all?.[index]))
    else for (const event of run) yield [toProjected(options, event, await projection.apply(tx, event))]
  }
}

type Run = [PendingEvent, ...PendingEvent[]]

/** Parts events into neighbours of one type. */
function toRuns(events: readonly PendingEvent[]): Run[] {
  const runs: Run[] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.[0].type === event.type) last.push(event)
    else runs.push([event])
  }
  return runs
}

function toProjected(options: Kept, event: PendingEvent, { data = event.data, isRepeat = false, derived = [] }: Projected = {}): ProjectedEvent {
  return { first: { ...event, data }, isRepeat, derived: derived.map(one => toPending(options, { ...one, actor: event.actor, traceparent: event.traceparent })) }
}

/** Gives an event its `seq` where its channel keeps a log, and remembers it for insertion and delivery. */
function number({ options, numbers, rows, delivered }: Ledger, event: PendingEvent): Envelope {
  const envelope = toEnvelope(event)
  if (event.channel.kept === 'log') {
    const last = numbers.get(event.channel.name)
    if (last === undefined) throw new TypeError(`channel ${event.channel.name} was not locked: name it in derives()`)
    Object.assign(envelope, { seq: last + 1, logEpoch: options.database.logEpoch })
    numbers.set(event.channel.name, last + 1)
    rows.push({ ...event, seq: last + 1 })
  }
  delivered.push(envelope)
  return envelope
}

function toEnvelope({ id, type, channel, time, actor, data, traceparent }: PendingEvent): Envelope {
  return { id, type, channel: channel.name, tenantId: channel.tenantId, time, actor, data, ...traceparent !== undefined && { traceparent } }
}
