import { describe, expect, it } from 'vitest'
import { createExamSchema, scheduleExamSchema, type CreateExam, type ScheduleExam } from '@neo-stack/events'
import { addDemoExams } from '../src/demo-exams.ts'

const id = '0190b5a0-7c1e-7000-8000-000000000001'
const person = '0190b5a0-7c1e-7000-8000-000000000002'

describe('the demonstration\'s exam', () => {
  const play = async (names: string[]): Promise<{ exams: CreateExam[], sessions: ScheduleExam[] }> => {
    const exams: CreateExam[] = []
    const sessions: ScheduleExam[] = []
    await addDemoExams({
      create: (_tenantId, exam) => { exams.push(exam); return Promise.resolve({ id, title: exam.title, seconds: exam.seconds, passPercent: exam.passPercent, questions: exam.questions.length, createdAt: '' }) },
      candidates: () => Promise.resolve({ candidates: names.map(name => ({ id: person, name })), proctors: [] }),
      schedule: (_tenantId, session) => { sessions.push(session); return Promise.reject(new Error('told enough')) },
    }, 'acme').catch(() => undefined)
    return { exams, sessions }
  }

  it('is one that the contract accepts, says that it is one, and is scheduled for the candidate', async () => {
    const { exams, sessions } = await play(['Ada', 'Candidate'])
    expect(createExamSchema.parse(exams[0]).title).toContain('Demonstração')
    expect(scheduleExamSchema.parse(sessions[0])).toMatchObject({ examId: id, candidateId: person, idempotencyKey: 'demo:session' })
  })

  it('is scheduled for nobody where there is no candidate', async () => {
    const { exams, sessions } = await play(['Ada'])
    expect([exams.length, sessions.length]).toEqual([1, 0])
  })
})
