/** One exam session: its paper, the candidate's answers on their way, and what may be done with it. Survives reload and offline. */
import type { AnswersView } from '@neo-stack/client'
import type { ExamPaper, ExamSession } from '@neo-stack/events'
import type { ComputedRef, Ref, ShallowRef } from 'vue'
import { ApiError, createPatientReader, ExamAnswers } from '@neo-stack/client'
import { computed, onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { serverClockOf } from '../exams/clock.ts'
import { useExamSessions } from './use-exam-sessions.ts'
import { useTimeLeft } from './use-time-left.ts'

/** What {@link useExamSession} gives. */
export interface ExamSessionRefs {
  /** The paper as it was read last; questions are there for the candidate, once it began. */
  paper: Readonly<ShallowRef<ExamPaper | undefined>>
  /** Where the session stands, live. */
  session: ComputedRef<ExamSession | undefined>
  /** The candidate's answers and whether they are acknowledged. */
  view: Readonly<ShallowRef<AnswersView>>
  /** Whole seconds until the deadline on the service's clock. */
  secondsLeft: Readonly<Ref<number | undefined>>
  error: Readonly<ShallowRef<unknown>>
  load: () => Promise<void>
  /** Begins, or goes on. Rejects with `ApiError`. */
  start: () => Promise<void>
  choose: (questionId: string, place: number) => void
  /** Sends what waits and submits, however long it takes. */
  submit: () => void
}

/** The time is asked for anew this often, and until it is known this well. */
const SYNC_MS = 60_000
const GOOD_MS = 100
const SYNC_TRIES = 4

/** Watches and takes one session. */
export function useExamSession(tenantId: string, sessionId: string): ExamSessionRefs {
  const client = useNeoClient()
  const clock = serverClockOf(client)
  const of = { tenantId, sessionId }
  const paper = shallowRef<ExamPaper>()
  const error = shallowRef<unknown>()
  const view = shallowRef<AnswersView>({ answers: {}, status: 'saved', isSubmitting: false })
  const { getSession, connect } = useExamSessions(tenantId)
  // A paper that says more than the feed: it was read after the submission whose events are still on their way.
  const session = computed(() => paper.value?.session.status === 'submitted' ? paper.value.session : getSession(sessionId) ?? paper.value?.session)
  const answers = new ExamAnswers({
    calls: client.rest.exams, of, storage: globalThis.localStorage, serverClock: clock,
    onChange: next => { view.value = next }, onEnd: () => { void load() },
  })

  const read = (): Promise<ExamPaper> => clock.ask(() => client.rest.exams.session(of))
  const take = (next: ExamPaper): void => {
    paper.value = next
    error.value = undefined
    if (next.answers) answers.begin(next)
  }
  // What ended while the service was away is read once it is back.
  const reader = createPatientReader({ read, onValue: take })
  const load = async (): Promise<void> => {
    try {
      take(await read())
    } catch (cause) {
      error.value = cause
      if (cause instanceof ApiError && cause.isTemporary) reader.ask(sessionId)
    }
  }
  const sync = async (): Promise<void> => {
    for (let tries = 0; tries < SYNC_TRIES && (tries === 0 || clock.uncertainty() > GOOD_MS); tries++) await read().catch(() => undefined)
  }
  const stopWatching = onReturn(() => {
    answers.retry()
    void sync()
  })
  const timer = setInterval(() => { void sync() }, SYNC_MS)
  // What ended elsewhere – the time, a proctor, another tab – is read with its result.
  watch(() => { const known = getSession(sessionId); return `${known?.status ?? ''} ${known?.result ? 'judged' : ''}` }, (_now, before) => { if (before.trim() !== '') void load() })
  onScopeDispose(() => {
    answers.stop()
    reader.stop()
    stopWatching()
    clearInterval(timer)
  })
  connect()
  void load()
  return {
    paper: shallowReadonly(paper), session, view: shallowReadonly(view), error: shallowReadonly(error), load,
    secondsLeft: useTimeLeft(() => session.value?.status === 'started' ? session.value.deadline : undefined),
    start: async () => {
      await client.rest.exams.start(of)
      await load()
    },
    choose: (id, place) => { answers.choose(id, place) },
    submit: () => { answers.submit() },
  }
}

/** Calls back when the network or the reader comes back to the page. */
function onReturn(call: () => void): () => void {
  const onVisible = (): void => { if (globalThis.document.visibilityState === 'visible') call() }
  globalThis.addEventListener('online', call)
  globalThis.document.addEventListener('visibilitychange', onVisible)
  return () => {
    globalThis.removeEventListener('online', call)
    globalThis.document.removeEventListener('visibilitychange', onVisible)
  }
}
