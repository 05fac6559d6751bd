import type { ExamPaper, ExamSession, SaveAnswers } from '@neo-stack/events'
import { describe, expect, it, vi } from 'vitest'
import { ApiError, applyExamEvent, createPatientReader, createServerClock, ExamAnswers, isToRead, toExamMap, type AnswersView } from '../src/index.ts'

const session: ExamSession = {
  id: 's1', examId: 'e1', title: 'Redes', candidateId: 'c1', candidateName: 'Ana', status: 'started', seconds: 60, questions: 3, answered: 0, save: 0,
  opensAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:00.000Z', deadline: '2026-01-01T00:01:00.000Z',
}
const paperOf = (save: number, answers: Record<string, number>): ExamPaper => ({ session: { ...session, save }, answers, questions: [], logEpoch: 'x', seq: 1, now: '2026-01-01T00:00:10.000Z' })
const error = (code: 'network' | 'answers_conflict' | 'exam_over'): ApiError => new ApiError({ code, status: code === 'network' ? 0 : 409, detail: code })

/** A service that keeps answers by the rules, a storage, and timers that ring at once when they are let. */
function createStage() {
  const kept = { save: 0, answers: {} as Record<string, number>, submissions: 0 }
  const faults: (ApiError | 'lost')[] = []
  const stored = new Map<string, string>()
  const timers = new Map<number, () => void>()
  let last = 0
  const meet = <T>(work: () => T): Promise<T> => {
    const fault = faults.shift()
    if (fault instanceof ApiError) return Promise.reject(fault)
    try {
      const answer = work()
      return fault === 'lost' ? Promise.reject(error('network')) : Promise.resolve(answer)
    } catch (cause) {
      return Promise.reject(cause as Error)
    }
  }
  const calls = {
    save: (_of: unknown, { save, answers }: SaveAnswers) => meet(() => {
      const isSame = Object.entries(answers).every(([id, place]) => kept.answers[id] === place)
      if (!(save === kept.save && isSame)) {
        if (save !== kept.save + 1) throw error('answers_conflict')
        Object.assign(kept, { save, answers: { ...kept.answers, ...answers } })
      }
      return { save: kept.save, answered: Object.keys(kept.answers).length, now: '2026-01-01T00:00:10.000Z' }
    }),
    session: () => Promise.resolve(paperOf(kept.save, kept.answers)),
    submit: () => meet(() => {
      kept.submissions++
      return { ...session, status: 'submitted' as const }
    }),
  }
  const ended: (ExamSession | undefined)[] = []
  const open = (): { answers: ExamAnswers, view: () => AnswersView } => {
    let view: AnswersView = { answers: {}, status: 'saved', isSubmitting: false }
    const answers = new ExamAnswers({
      calls, of: { tenantId: 'acme', sessionId: 's1' }, serverClock: createServerClock(() => 0), random: () => 0,
      storage: { getItem: key => stored.get(key) ?? null, setItem: (key, text) => { stored.set(key, text) }, removeItem: key => { stored.delete(key) } },
      clock: { now: () => 0, setTimeout: callback => { timers.set(++last, callback); return last }, clearTimeout: timer => { timers.delete(timer as number) } },
      onChange: next => { view = next }, onEnd: one => { ended.push(one) },
    })
    return { answers, view: () => view }
  }
  /** Lets timers ring until nothing waits, at most so often. */
  const ring = async (times = 10): Promise<void> => {
    for (let index = 0; index < times; index++) {
      const due = [...timers.values()]
      timers.clear()
      due.forEach(callback => { callback() })
      await vi.waitFor(() => Promise.resolve())
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
  }
  return { kept, faults, stored, ended, open, ring }
}

describe('a candidate\'s answers', () => {
  it('share a save, are acknowledged by number and leave nothing in the browser', async () => {
    const { kept, stored, open, ring } = createStage()
    const { answers, view } = open()
    answers.begin(paperOf(0, {}))
    answers.choose('a', 1)
    answers.choose('b', 0)
    expect([view().status, stored.size]).toEqual(['saving', 1])
    await ring()
    expect(kept).toMatchObject({ save: 1, answers: { a: 1, b: 0 } })
    expect([view(), stored.size]).toEqual([{ answers: { a: 1, b: 0 }, status: 'saved', isSubmitting: false }, 0])
  })

  it('wait through a cut, and a save whose acknowledgement was lost is not made twice', async () => {
    const { kept, faults, open, ring } = createStage()
    const { answers, view } = open()
    answers.begin(paperOf(0, {}))
    faults.push(error('network'), 'lost')
    answers.choose('a', 1)
    await ring(1)
    expect(view().status).toBe('waiting')
    await ring()
    expect([kept.save, kept.answers, view().status]).toEqual([1, { a: 1 }, 'saved'])
  })

  it('are sent after a reload, over what was saved since, also by another tab', async () => {
    const { kept, faults, open, ring } = createStage()
    const before = open().answers
    before.begin(paperOf(0, {}))
    faults.push(error('network'))
    before.choose('a', 1)
    await ring(1)
    before.stop()
    const { answers, view } = open()
    answers.begin(paperOf(0, {}))
    expect(view().answers).toEqual({ a: 1 })
    Object.assign(kept, { save: 2, answers: { a: 0, c: 1 } })
    await ring()
    expect([kept.save, kept.answers, view().status]).toEqual([3, { a: 1, c: 1 }, 'saved'])
  })

  it('are submitted after the last of them, once, although the first try was cut and the page loaded anew', async () => {
    const { kept, faults, stored, ended, open, ring } = createStage()
    const before = open().answers
    before.begin(paperOf(0, {}))
    before.choose('a', 1)
    faults.push(error('network'))
    before.submit()
    await ring(1)
    before.stop()
    const { answers, view } = open()
    answers.begin(paperOf(0, {}))
    expect(view().isSubmitting).toBe(true)
    await ring()
    expect([kept.answers, kept.submissions, view().status, stored.size]).toEqual([{ a: 1 }, 1, 'over', 0])
    expect(ended).toMatchObject([{ status: 'submitted' }])
  })

  it('stop when the time is over', async () => {
    const { kept, faults, ended, open, ring } = createStage()
    const { answers, view } = open()
    answers.begin(paperOf(0, {}))
    faults.push(error('exam_over'))
    answers.choose('a', 1)
    await ring()
    answers.choose('b', 1)
    await ring()
    expect([kept.save, view().status, ended]).toEqual([0, 'over', [undefined]])
  })
})

describe('the service\'s time', () => {
  it('is taken from the answer with the least uncertainty, whatever the machine\'s clock says', () => {
    let at = 0
    const clock = createServerClock(() => at)
    expect(clock.uncertainty()).toBe(Infinity)
    clock.learn({ sentAt: 0, receivedAt: 800, now: 1_000_000 })
    at = 1000
    clock.learn({ sentAt: 1000, receivedAt: 1040, now: 1_000_620 })
    clock.learn({ sentAt: 1040, receivedAt: 2040, now: 1_009_999 })
    at = 2040
    expect(clock.now()).toBe(1_000_620 + 1020)
    expect(clock.uncertainty()).toBeLessThan(21)
  })

  it('stays within 250 ms of the truth over an hour of answers with jitter, for 200 networks', () => {
    for (let seed = 1; seed <= 200; seed++) {
      let state = seed
      const random = (): number => (state = state * 16_807 % 2_147_483_647) / 2_147_483_647
      let at = 0
      const skew = 1 + (random() - 0.5) * 0.0002
      const truth = (): number => 5_000_000 + at * skew
      const clock = createServerClock(() => at)
      for (let minute = 0; minute < 60; minute++) {
        const there = 10 + random() * 190
        const back = 10 + random() * 190
        const sentAt = at
        at += there
        const now = truth()
        at += back
        clock.learn({ sentAt, receivedAt: at, now })
        expect(Math.abs(clock.now() - truth())).toBeLessThanOrEqual(250)
        at += 60_000
        expect(Math.abs(clock.now() - truth())).toBeLessThanOrEqual(250)
      }
    }
  })
})

describe('sessions', () => {
  const map = toExamMap([session])
  const data = { sessionId: 's1', candidateId: 'c1' }

  it('follow their events, each save only forwards, and nothing after the end', () => {
    const saved = applyExamEvent(map, { type: 'exam_saved', data: { ...data, save: 2, answered: 2 } })
    expect(applyExamEvent(saved, { type: 'exam_saved', data: { ...data, save: 1, answered: 1 } }).get('s1')).toMatchObject({ save: 2, answered: 2 })
    const ended = applyExamEvent(saved, { type: 'exam_submitted', data: { ...data, by: 'proctor', submittedAt: 't', answered: 2 } })
    expect(ended.get('s1')).toMatchObject({ status: 'submitted', by: 'proctor' })
    expect(applyExamEvent(ended, { type: 'exam_started', data })).toBe(ended)
    expect(applyExamEvent(map, { type: 'exam_saved', data: { ...data, sessionId: 'other' } })).toBe(map)
    const withdrawn = applyExamEvent(map, { type: 'exam_withdrawn', data })
    expect([withdrawn.get('s1')?.status, applyExamEvent(withdrawn, { type: 'exam_restored', data }).get('s1')?.status]).toEqual(['withdrawn', 'scheduled'])
  })

  it('are read where an event says less than there is', () => {
    expect([isToRead(map, { type: 'exam_result', data }), isToRead(map, { type: 'exam_scheduled', data }), isToRead(new Map(), { type: 'exam_scheduled', data }), isToRead(map, { type: 'exam_saved', data })]).toEqual([true, false, true, false])
  })
})

describe('what an event only announced', () => {
  it('is read again while the service is away, once more when more was said of it, and never when it is not the reader\'s own', async () => {
    const timers: (() => void)[] = []
    const heard: string[] = []
    const answers: (string | ApiError)[] = [error('network'), error('network'), 'a', 'b']
    let asked = 0
    const reader = createPatientReader({
      read: () => {
        asked++
        const next = answers.shift() ?? error('exam_over')
        return typeof next === 'string' ? Promise.resolve(next) : Promise.reject(next)
      },
      onValue: value => { heard.push(value) }, random: () => 0,
      clock: { now: () => 0, setTimeout: callback => timers.push(callback), clearTimeout: () => undefined },
    })
    reader.ask('s1')
    await vi.waitFor(() => { expect(timers).toHaveLength(1) })
    timers.shift()?.()
    await vi.waitFor(() => { expect(timers).toHaveLength(1) })
    reader.ask('s1')
    expect([asked, heard]).toEqual([2, []])
    timers.shift()?.()
    await vi.waitFor(() => { expect(reader.isReading('s1')).toBe(false) })
    expect([asked, heard]).toEqual([3, ['a']])
    reader.ask('s1')
    reader.ask('s1')
    await vi.waitFor(() => { expect(reader.isReading('s1')).toBe(false) })
    expect([asked, heard, timers.length]).toEqual([5, ['a', 'b'], 0])
    reader.stop()
  })
})
