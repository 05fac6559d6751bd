/**
 * Exam sessions: scheduling, taking, ending. Each act is decided on what was read and written only over that; its events, its row and, for
 * acts of people, its line in the audit trail are one transaction of the ordinary write path.
 */

import { channelOf, type Actor, type AnswersSaved, type EventTypeName, type ExamEnd, type ExamSession, type SaveAnswers, type ScheduleExam } from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { untilAhead } from '../publish/overtaken.ts'
import { actorOf } from '../publish/publish.ts'
import type { DraftEvent, WritePath } from '../publish/write-path.ts'
import { assertPeople, listPeople, scheduleIn, type ExamOptions } from './exams.ts'
import { readSession, saveState, toAnswer, type StoredSession } from './session-rows.ts'
import { begin, finish, keep, put, type Outcome, type SessionState } from './session-state.ts'

/** What sessions need. */
export interface SessionOptions extends ExamOptions {
  database: Database
  writePath: WritePath
  /** Told of each deadline that begins to run. */
  onDeadline: (deadline: number) => void
}

/** Acts that meet each other are tried this often. */
const ATTEMPTS = 5

/** See the head of this file. */
export interface ExamSessions {
  /** @throws {Problem} `unprocessable` for an exam or a candidate that is none */
  schedule: (asked: Asked, body: ScheduleExam) => Promise<ExamSession>
  /** Takes back what was scheduled. @throws {Problem} `not_found`, `exam_begun` */
  withdraw: (asked: Asked, id: string) => Promise<ExamSession>
  /** Schedules again what was withdrawn. @throws {Problem} `not_found`, `exam_begun` */
  restore: (asked: Asked, id: string) => Promise<ExamSession>
  /** Begins, or goes on. @throws {Problem} `not_found`, `exam_not_open`, `exam_over` */
  start: (asked: Asked, id: string) => Promise<ExamSession>
  /** @throws {Problem} `not_found`, `exam_not_open`, `exam_over`, `answers_conflict` with the last save, `invalid_request` for a question that is none */
  save: (asked: Asked, id: string, body: SaveAnswers) => Promise<AnswersSaved>
  /** Ends the candidate's own session; what ended already is answered as it is. @throws {Problem} `not_found`, `exam_not_open` */
  submit: (asked: Asked, id: string) => Promise<ExamSession>
  /** A proctor ends a session. @throws {Problem} `not_found`, `exam_not_open`, `exam_over` */
  end: (asked: Asked, id: string, reason: string) => Promise<ExamSession>
  /** Ends a session whose time is over; nothing happens to any other. */
  expire: (tenantId: string, id: string) => Promise<void>
}

/** Creates the service. */
export function createExamSessions(options: SessionOptions): ExamSessions {
  const { now } = options
  return {
    schedule: (asked, body) => schedule(options, asked, body),
    withdraw: (asked, id) => change(options, { id, asked, isProctor: true, action: 'exam.withdrawn', decide: ({ state }) => put(state, 'withdrawn') }),
    restore: (asked, id) => change(options, { id, asked, isProctor: true, action: 'exam.restored', decide: ({ state }) => put(state, 'scheduled') }),
    start: async (asked, id) => {
      const session = await change(options, { id, asked, action: 'exam.started', decide: ({ state }) => begin(state, now()) })
      if (session.deadline !== undefined) options.onDeadline(Date.parse(session.deadline))
      return session
    },
    save: async (asked, id, body) => {
      const session = await change(options, { id, asked, decide: stored => {
        assertAnswers(stored, body)
        return keep(stored.state, body, now())
      } })
      return { save: session.save, answered: session.answered, now: new Date(now()).toISOString() }
    },
    submit: (asked, id) => change(options, { id, asked, action: 'exam.submitted', decide: stored => end(stored, 'candidate', now()) }),
    end: (asked, id, reason) => change(options, { id, asked, isProctor: true, action: 'exam.ended', trail: { reason }, decide: stored => {
      if (stored.state.status === 'submitted') return { refused: 'exam_over' }
      return finish(stored.state, { by: 'proctor', reason }, { questions: stored.questions, now: now() })
    } }),
    expire: async (tenantId, id) => {
      await change(options, { id, tenantId, decide: stored => end(stored, 'timer', now()) })
    },
  }
}

const end = ({ state, questions }: StoredSession, by: ExamEnd, now: number): Outcome => finish(state, { by }, { questions, now })

async function schedule(options: SessionOptions, asked: Asked, { idempotencyKey: _, ...body }: ScheduleExam): Promise<ExamSession> {
  const { database, perform, now } = options
  const { tenantId } = asked
  const exam = await database.inTenant(tenantId, tx => tx.selectFrom('exams').select('title').where('tenant_id', '=', tenantId).where('id', '=', body.examId).executeTakeFirst())
  if (!exam) throw new Problem('unprocessable', { detail: 'There is no such exam.', errors: [{ path: 'examId', message: 'is no exam of this tenant' }] })
  assertPeople([{ id: body.candidateId, path: 'candidateId' }], (await listPeople(database, tenantId)).candidates)
  const opensAt = body.opensAt ?? new Date(now()).toISOString()
  const session = { id: crypto.randomUUID(), examId: body.examId, candidateId: body.candidateId, title: exam.title, opensAt }
  const { event, insert } = scheduleIn({ tenantId, now }, session)
  const { result } = await perform({ ...toAct(asked), action: 'exam.scheduled', target: session.id, detail: { candidateId: body.candidateId, title: exam.title } }, {
    key: toKey(asked, 'exams/sessions', body), events: [event],
    run: async tx => {
      await insert(tx)
      return toAnswer(await readSession(tx, tenantId, session.id))
    },
  })
  return result
}

/** One act on a session: by somebody who asked, or by the time. */
interface Change {
  id: string
  asked?: Asked
  tenantId?: string
  /** Others than the candidate may, too. @default only the candidate */
  isProctor?: boolean
  /** Its name in the audit trail. @default it is not in there */
  action?: string
  /** What only the trail says of it. */
  trail?: Record<string, string>
  decide: (stored: StoredSession) => Outcome
}

const timer: Actor = { type: 'system', id: 'exam-timer' }

function change(options: SessionOptions, asked: Change): Promise<ExamSession> {
  return untilAhead(ATTEMPTS, () => tryChange(options, asked))
}

async function tryChange(options: SessionOptions, wanted: Change): Promise<ExamSession> {
  const { id, asked, tenantId = asked?.tenantId ?? '', isProctor = false, decide } = wanted
  const stored = await options.database.inTenant(tenantId, tx => readSession(tx, tenantId, id))
  if (asked && !isProctor && stored.candidateId !== asked.principal.userId) throw new Problem('not_found', { detail: 'There is no such exam session.' })
  const outcome = decide(stored)
  if ('refused' in outcome) throw new Problem(outcome.refused, outcome.refused === 'answers_conflict' ? { extra: { save: stored.state.save } } : {})
  const next = { ...stored, state: outcome.state }
  if (!outcome.isRepeat) await write(options, wanted, { stored, next })
  return toAnswer(next)
}

/** What ended by the time is no act of whoever asked, so the trail says nothing of it. */
async function write({ perform, writePath }: SessionOptions, { id, asked, action, trail }: Change, { stored, next }: { stored: StoredSession, next: StoredSession }): Promise<void> {
  const run = (tx: Parameters<typeof saveState>[0]): Promise<void> => saveState(tx, stored, next.state)
  const events = toEvents(stored, next.state)
  if (asked && action !== undefined && next.state.by !== 'timer') {
    await perform({ ...toAct(asked), action, target: id }, { run, events, ...trail && { auditDetail: () => trail } })
    return
  }
  const actor = asked && next.state.by !== 'timer' ? actorOf(asked.principal) : timer
  await writePath.write({ tenantId: stored.tenantId, events: events.map(event => ({ ...event, actor })), within: run })
}

/** What a change of state says. */
function toEvents(stored: StoredSession, state: SessionState): Omit<DraftEvent, 'actor'>[] {
  const say = (type: EventTypeName, data: Record<string, unknown>): Omit<DraftEvent, 'actor'> => toEvent(stored, type, data)
  const answered = Object.keys(state.answers).length
  if (state.status === 'submitted') {
    return [say('exam_submitted', { by: state.by, submittedAt: toIso(state.submittedAt), answered }), say('exam_result', {})]
  }
  if (state.status === 'withdrawn') return [say('exam_withdrawn', {})]
  if (state.status === 'scheduled') return [say('exam_restored', {})]
  return stored.state.status === 'scheduled'
    ? [say('exam_started', { startedAt: toIso(state.startedAt), deadline: toIso(state.deadline) })]
    : [say('exam_saved', { save: state.save, answered })]
}

function toEvent({ id, tenantId, candidateId }: Pick<StoredSession, 'id' | 'tenantId' | 'candidateId'>, type: EventTypeName, data: Record<string, unknown>): Omit<DraftEvent, 'actor'> {
  return { channel: channelOf('certification', { tenantId }), type, data: { sessionId: id, candidateId, ...data } }
}

const toIso = (ms = 0): string => new Date(ms).toISOString()

/** @throws {Problem} `invalid_request` */
function assertAnswers({ questions }: StoredSession, { answers }: SaveAnswers): void {
  const errors = Object.entries(answers).flatMap(([id, place]) => {
    const question = questions.find(one => one.id === id)
    if (!question) return [{ path: `answers.${id}`, message: 'is no question of this exam' }]
    return place < question.choices.length ? [] : [{ path: `answers.${id}`, message: 'is no place of a choice' }]
  })
  if (errors.length > 0) throw new Problem('invalid_request', { errors })
}
