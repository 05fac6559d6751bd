/**
 * A candidate's answers on their way: kept in the browser until the service acknowledged them, sent again after a cut, a reload or a
 * restart, each save under the next number. A wish to submit is kept the same way, and carried out after the last answer.
 */

import type { ExamPaper, ExamSession } from '@neo-stack/events'
import { ApiError } from './api-error.ts'
import { toBackoffMs } from './backoff.ts'
import { systemClock, type Clock, type Timer } from './clock.ts'
import type { ExamCalls, ExamPath } from './exams.ts'
import type { ServerClock } from './server-clock.ts'

type Answers = Readonly<Record<string, number>>

/** Where answers wait: the browser's storage, or whatever stands for it. */
export type AnswerStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** `saved` everything is acknowledged · `saving` on the way · `waiting` to be sent again · `over` nothing is accepted any more. */
export type AnswersStatus = 'saved' | 'saving' | 'waiting' | 'over'

/** What is shown. */
export interface AnswersView {
  /** Acknowledged ones and those that wait. */
  answers: Answers
  status: AnswersStatus
  isSubmitting: boolean
}

/** How answers are kept. */
export interface ExamAnswersOptions {
  calls: Pick<ExamCalls, 'save' | 'session' | 'submit'>
  of: ExamPath
  /** @default none: what is not acknowledged is lost with the page */
  storage?: AnswerStorage | undefined
  /** Learns from each acknowledgement. */
  serverClock: ServerClock
  clock?: Clock
  random?: () => number
  onChange: (view: AnswersView) => void
  /** The session ended: by this submission, or otherwise (then it is to be read again). */
  onEnd: (session?: ExamSession) => void
}

/** Answers that follow each other closely share a save. */
const GATHER_MS = 250
const MAX_WAIT_MS = 4000

/** See the head of this file. */
export class ExamAnswers {
  readonly #options: ExamAnswersOptions
  readonly #clock: Clock
  readonly #key: string
  #known: Answers = {}
  #save = 0
  #pending: Answers = {}
  #isSubmitting = false
  #status: AnswersStatus = 'saved'
  #attempt = 0
  #isRunning = false
  #isStopped = false
  #timer: Timer | undefined

  constructor(options: ExamAnswersOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#key = `neo-exam:${options.of.sessionId}`
  }

  /** Begins with what the service has; what waited in the browser is sent. */
  begin({ session, answers = {} }: Pick<ExamPaper, 'session' | 'answers'>): void {
    if (session.status === 'submitted') return this.#close()
    const kept = this.#read()
    // A paper that was read before the last acknowledgement says nothing new.
    if (session.save >= this.#save) this.#take(session.save, answers)
    this.#pending = withoutKnown({ ...kept.answers, ...this.#pending }, this.#known)
    this.#isSubmitting ||= kept.isSubmitting
    this.#tell()
    this.#plan(0)
  }

  /** Answers a question. */
  choose(id: string, place: number): void {
    if (this.#status === 'over' || this.#isSubmitting) return
    this.#pending = { ...this.#pending, [id]: place }
    this.#write()
    if (this.#status === 'saved') this.#status = 'saving'
    this.#tell()
    if (this.#attempt === 0) this.#plan(GATHER_MS)
  }

  /** Sends what waits, and then submits, however long it takes. */
  submit(): void {
    if (this.#status === 'over') return
    this.#isSubmitting = true
    this.#write()
    this.#tell()
    this.retry()
  }

  /** Tries at once what waits, as after a cut. */
  retry(): void {
    this.#attempt = 0
    this.#plan(0)
  }

  /** Sends nothing more; what waits stays in the browser. */
  stop(): void {
    this.#isStopped = true
    this.#clock.clearTimeout(this.#timer)
  }

  #plan(ms: number): void {
    this.#clock.clearTimeout(this.#timer)
    if (!this.#isStopped) this.#timer = this.#clock.setTimeout(() => { void this.#run() }, ms)
  }

  get #hasWork(): boolean {
    return this.#status !== 'over' && (this.#isSubmitting || Object.keys(this.#pending).length > 0)
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      while (this.#hasWork && !this.#isStopped) await this.#step()
      this.#attempt = 0
    } catch (error) {
      await this.#fail(error)
    } finally {
      this.#isRunning = false
    }
  }

  async #step(): Promise<void> {
    const { calls, of, serverClock, onEnd } = this.#options
    const batch = this.#pending
    if (Object.keys(batch).length === 0) {
      const session = await calls.submit(of, { retries: 0 })
      this.#close()
      return onEnd(session)
    }
    const { save } = await serverClock.ask(() => calls.save(of, { save: this.#save + 1, answers: batch }, { retries: 0 }))
    this.#attempt = 0
    this.#take(save, { ...this.#known, ...batch })
    this.#pending = withoutKnown(this.#pending, this.#known)
    this.#status = this.#hasWork ? 'saving' : 'saved'
    this.#write()
    this.#tell()
  }

  /** What may succeed later is tried again; a save that another one overtook goes on after that one. */
  async #fail(error: unknown): Promise<void> {
    const { calls, of, onEnd } = this.#options
    const code = error instanceof ApiError ? error.code : undefined
    if (code === 'exam_over') {
      this.#close()
      return onEnd()
    }
    if (code === 'answers_conflict') {
      const paper = await calls.session(of).catch(() => undefined)
      if (paper) this.#take(paper.session.save, paper.answers ?? {})
    }
    this.#status = 'waiting'
    this.#tell()
    this.#plan(code === 'answers_conflict' ? GATHER_MS : toBackoffMs(this.#attempt++, { maxMs: MAX_WAIT_MS, ...this.#options.random && { random: this.#options.random } }))
  }

  #close(): void {
    this.#status = 'over'
    this.#pending = {}
    this.#isSubmitting = false
    this.#forget()
    this.#tell()
  }

  #take(save: number, answers: Answers): void {
    this.#save = save
    this.#known = answers
  }

  #tell(): void {
    this.#options.onChange({ answers: { ...this.#known, ...this.#pending }, status: this.#status, isSubmitting: this.#isSubmitting })
  }

  #read(): { answers: Answers, isSubmitting: boolean } {
    try {
      const kept = JSON.parse(this.#options.storage?.getItem(this.#key) ?? '{}') as { answers?: Answers, isSubmitting?: boolean }
      return { answers: kept.answers ?? {}, isSubmitting: kept.isSubmitting === true }
    } catch {
      return { answers: {}, isSubmitting: false }
    }
  }

  #write(): void {
    if (!this.#hasWork) return this.#forget()
    try {
      this.#options.storage?.setItem(this.#key, JSON.stringify({ answers: this.#pending, isSubmitting: this.#isSubmitting }))
    } catch {
      // A browser that keeps nothing: answers live as long as the page.
    }
  }

  #forget(): void {
    try {
      this.#options.storage?.removeItem(this.#key)
    } catch {
      // As above.
    }
  }
}

/** Those of `answers` that differ from what is known. */
function withoutKnown(answers: Answers, known: Answers): Answers {
  return Object.fromEntries(Object.entries(answers).filter(([id, place]) => known[id] !== place))
}
