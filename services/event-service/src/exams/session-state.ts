/**
 * The life of an exam session: scheduled (or withdrawn meanwhile), started, submitted. Pure. The time is the service's: from the deadline on nothing is kept, and
 * whoever ends the session then finds it ended by the time, at the deadline.
 */

import type { ErrorCode, ExamEnd, ExamSession } from '@neo-stack/events'

/** Where a session stands; times in milliseconds since 1970. */
export interface SessionState {
  status: ExamSession['status']
  opensAt: number
  /** How long it lasts. */
  seconds: number
  startedAt?: number
  deadline?: number
  submittedAt?: number
  by?: ExamEnd
  reason?: string
  /** Number of the last save. */
  save: number
  /** The chosen place by question. */
  answers: Readonly<Record<string, number>>
  /** How many answers are right: from the end on. */
  right?: number
}

/** A question with what is right. */
export interface JudgedQuestion {
  id: string
  choices: readonly string[]
  right: number
}

/** What an act leads to: another state, the same one (a repeat), or a refusal. */
export type Outcome = { state: SessionState, isRepeat: boolean } | { refused: Extract<ErrorCode, 'exam_not_open' | 'exam_begun' | 'exam_over' | 'answers_conflict'> }

const to = (state: SessionState): Outcome => ({ state, isRepeat: false })
const repeat = (state: SessionState): Outcome => ({ state, isRepeat: true })

/** Whether the time of a session is over and nobody ended it. */
export function isDue({ status, deadline = Infinity }: SessionState, now: number): boolean {
  return status === 'started' && now >= deadline
}

const hasBegun = ({ status }: SessionState): boolean => status === 'started' || status === 'submitted'

/** A proctor takes back what was scheduled, or schedules again what was taken back; again is the same. */
export function put(state: SessionState, status: 'scheduled' | 'withdrawn'): Outcome {
  if (hasBegun(state)) return { refused: 'exam_begun' }
  return state.status === status ? repeat(state) : to({ ...state, status })
}

/** The candidate begins; again is the same. */
export function begin(state: SessionState, now: number): Outcome {
  if (state.status === 'submitted' || isDue(state, now)) return { refused: 'exam_over' }
  if (state.status === 'started') return repeat(state)
  if (state.status === 'withdrawn' || now < state.opensAt) return { refused: 'exam_not_open' }
  return to({ ...state, status: 'started', startedAt: now, deadline: now + state.seconds * 1000 })
}

/** Keeps answers under the next number; the last save again is the same, any other number a conflict. */
export function keep(state: SessionState, { save, answers }: Pick<SessionState, 'save' | 'answers'>, now: number): Outcome {
  if (!hasBegun(state)) return { refused: 'exam_not_open' }
  if (state.status === 'submitted' || isDue(state, now)) return { refused: 'exam_over' }
  const isKnown = Object.entries(answers).every(([id, choice]) => state.answers[id] === choice)
  if (save === state.save && isKnown) return repeat(state)
  if (save !== state.save + 1) return { refused: 'answers_conflict' }
  return to({ ...state, save, answers: { ...state.answers, ...answers } })
}

/** Ends the session, whoever asks for it first; again is the same. */
export function finish(state: SessionState, end: { by: ExamEnd, reason?: string | undefined }, { questions, now }: { questions: readonly JudgedQuestion[], now: number }): Outcome {
  if (!hasBegun(state)) return { refused: 'exam_not_open' }
  if (state.status === 'submitted') return repeat(state)
  if (end.by === 'timer' && !isDue(state, now)) return repeat(state)
  const right = questions.filter(({ id, right: place }) => state.answers[id] === place).length
  const own = isDue(state, now) ? { by: 'timer' as const } : { by: end.by, ...end.reason !== undefined && { reason: end.reason } }
  return to({ ...state, ...own, status: 'submitted', right, submittedAt: Math.min(now, state.deadline ?? now) })
}

/** Percent of right answers, rounded down. */
export function toPercent(right: number, questions: number): number {
  return Math.floor(right * 100 / questions)
}
