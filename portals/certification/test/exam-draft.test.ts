import { describe, expect, it } from 'vitest'
import { createExamSchema } from '@neo-stack/events'
import { emptyExam, emptyQuestion, readDraft, toCreateExam, withoutChoice } from '../app/exam-draft.ts'
import { isWatchedBy } from '../app/watching.ts'

const written = { text: ' Um? ', choices: ['a ', 'b', 'c'], right: 2 }
const person = '0190b5a0-7c1e-4000-8000-00000000000a'

describe('an exam as it is written', () => {
  it('is sent as the service takes it: trimmed, in seconds, with questions that have names of their own', () => {
    const sent = toCreateExam({ ...emptyExam(), title: ' Redes ', minutes: 1.5, questions: [written, written], candidateIds: [person], opensAt: '2026-01-02T03:04' }, local => `${local}:00.000Z`)
    expect(createExamSchema.parse(sent)).toEqual({
      title: 'Redes', seconds: 90, passPercent: 60, candidateIds: [person], opensAt: '2026-01-02T03:04:00.000Z',
      questions: [{ id: 'q1', text: 'Um?', choices: ['a', 'b', 'c'], right: 2 }, { id: 'q2', text: 'Um?', choices: ['a', 'b', 'c'], right: 2 }],
    })
  })

  it('says nothing of people nor of a time where nobody was chosen', () => {
    expect(toCreateExam({ ...emptyExam(), opensAt: '2026-01-02T03:04' })).not.toHaveProperty('opensAt')
    expect(Object.keys(toCreateExam(emptyExam()))).toEqual(['title', 'seconds', 'passPercent', 'questions'])
  })

  it('keeps what is right when another choice goes, and takes the first when the right one does', () => {
    expect(withoutChoice(written, 0)).toEqual({ text: ' Um? ', choices: ['b', 'c'], right: 1 })
    expect(withoutChoice({ ...written, right: 0 }, 2).right).toBe(0)
    expect(withoutChoice(written, 2)).toMatchObject({ choices: ['a ', 'b'], right: 0 })
    expect(emptyQuestion()).not.toBe(emptyQuestion())
  })
})

describe('an exam that was kept half written', () => {
  it('is the same when it is read', () => {
    const draft = { ...emptyExam(), title: 'Redes', minutes: 30, candidateIds: [person], questions: [written, emptyQuestion()] }
    expect(readDraft(JSON.stringify(draft))).toEqual(draft)
  })

  it.each([null, '', '{', 'null', '7', '{"questions":[]}', '{"questions":[null]}', '{"questions":[{"text":"a","choices":[1],"right":0}]}', '{"candidateIds":"ana"}', '{"title":1}'])('is none where it reads %j', text => {
    expect(readDraft(text)).toBeUndefined()
  })
})

describe('who watches a session', () => {
  it('is whom it names, and everybody where it names nobody', () => {
    expect([isWatchedBy({ proctorIds: [person] }, person), isWatchedBy({ proctorIds: [person] }, 'other'), isWatchedBy({}, 'other')]).toEqual([true, false, true])
  })
})
