import { describe, expect, it } from 'vitest'
import { begin, finish, isDue, keep, toPercent, type Outcome, type SessionState } from '../src/exams/session-state.ts'

const questions = [{ id: 'a', choices: ['x', 'y'], right: 0 }, { id: 'b', choices: ['x', 'y'], right: 1 }, { id: 'c', choices: ['x', 'y'], right: 1 }]
const SECONDS = 60
const OPENS = 1_000_000

/** mulberry32: the same walk for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** What a session is by the rules alone: a journal of what was accepted. */
interface Model { startedAt?: number, end?: { at: number, by: string }, saves: { save: number, answers: Record<string, number> }[] }

const answersOf = ({ saves }: Model): Record<string, number> => Object.assign({}, ...saves.map(({ answers }) => answers)) as Record<string, number>

function act(state: SessionState, model: Model, { random, now }: { random: (below: number) => number, now: number }): Outcome {
  const isOver = model.startedAt !== undefined && now >= model.startedAt + SECONDS * 1000
  const kind = random(8)
  if (kind === 0) {
    const outcome = begin(state, now)
    if (model.end || isOver) expect(outcome).toEqual({ refused: 'exam_over' })
    else if (model.startedAt === undefined && now < OPENS) expect(outcome).toEqual({ refused: 'exam_not_open' })
    else model.startedAt ??= now
    return outcome
  }
  if (kind < 6) {
    const save = Math.max(1, state.save + random(4) - 1)
    const answers = Object.fromEntries(questions.filter(() => random(2) === 0).map(({ id }) => [id, random(2)]))
    const outcome = keep(state, { save, answers }, now)
    if (model.startedAt === undefined) expect(outcome).toEqual({ refused: 'exam_not_open' })
    else if (model.end || isOver) expect(outcome).toEqual({ refused: 'exam_over' })
    else if ('state' in outcome && !outcome.isRepeat) model.saves.push({ save, answers })
    else if ('refused' in outcome) expect(outcome.refused).toBe('answers_conflict')
    return outcome
  }
  const by = (['candidate', 'timer', 'proctor'] as const)[random(3)] ?? 'timer'
  const outcome = finish(state, { by, ...by === 'proctor' && { reason: 'r' } }, { questions, now })
  if (model.startedAt === undefined) expect(outcome).toEqual({ refused: 'exam_not_open' })
  else if (isOver) model.end ??= { at: model.startedAt + SECONDS * 1000, by: 'timer' }
  else if (by !== 'timer') model.end ??= { at: now, by }
  return outcome
}

describe('the life of an exam session', () => {
  it('follows its rules through 3,000 random lives of acts, repeats and waits', () => {
    let ended = 0
    for (let seed = 1; seed <= 3000; seed++) {
      const random = createRandom(seed)
      const model: Model = { saves: [] }
      let now = OPENS - 5000
      let state: SessionState = { status: 'scheduled', opensAt: OPENS, seconds: SECONDS, save: 0, answers: {} }
      for (let step = 0; step < 40; step++) {
        now += random(6000)
        const before = structuredClone(state)
        const outcome = act(state, model, { random, now })
        expect(state, `seed ${seed}`).toEqual(before)
        if ('state' in outcome) {
          if (outcome.isRepeat) expect(outcome.state).toEqual(before)
          state = outcome.state
        }
        expect(state.answers, `seed ${seed}`).toEqual(answersOf(model))
        expect(model.saves.map(({ save }) => save)).toEqual(model.saves.map((_, index) => index + 1))
        expect(state.startedAt).toBe(model.startedAt)
        expect(state.deadline).toBe(model.startedAt === undefined ? undefined : model.startedAt + SECONDS * 1000)
        expect([state.submittedAt, state.by], `seed ${seed}`).toEqual([model.end?.at, model.end?.by])
        expect(isDue(state, now)).toBe(model.startedAt !== undefined && !model.end && now >= model.startedAt + SECONDS * 1000)
      }
      if (model.end) {
        ended++
        expect(state.right).toBe(questions.filter(({ id, right }) => answersOf(model)[id] === right).length)
        expect(state.submittedAt).toBeLessThanOrEqual(state.deadline ?? 0)
      }
    }
    expect(ended).toBeGreaterThan(1000)
  })

  it('rounds a result down, so that nobody passes by rounding', () => {
    expect([toPercent(2, 3), toPercent(3, 3), toPercent(0, 3)]).toEqual([66, 100, 0])
  })
})
