import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditPage, CandidateList, Envelope, Exam, ExamPaper, ExamSession, ExamSessionList, History } from '@neo-stack/events'
import { startExamTimer } from '../src/exams/due.ts'
import { openPrepared } from './prepared-database.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const exam = {
  title: 'Redes', seconds: 600, passPercent: 50,
  questions: [{ id: 'q1', text: 'Um?', choices: ['a', 'b'], right: 1 }, { id: 'q2', text: 'Dois?', choices: ['a', 'b', 'c'], right: 0 }, { id: 'q3', text: 'Três?', choices: ['a', 'b'], right: 0 }],
}
const base = '/v1/tenants/acme/exams'

describe('exams', () => {
  let service: TestService
  let examId: string
  let candidateId: string
  const people: Record<string, { authorization: string }> = {}
  beforeAll(async () => {
    service = await startService()
    for (const name of ['candidate', 'proctor', 'member', 'viewer']) people[name] = await service.bearer(`${name}@acme.example`)
    people['foreigner'] = await service.bearer('owner@globex.example')
    examId = (await ask('proctor', 'POST', base, exam)).json<Exam>().id
    candidateId = (await ask('proctor', 'GET', `${base}/candidates`)).json<CandidateList>().candidates.find(({ name }) => name === 'Candidate')?.id ?? ''
  })
  afterAll(() => service.stop())

  const ask = (who: string, method: 'GET' | 'POST' | 'PUT', url: string, payload?: object): Promise<Answer> =>
    service.app.inject({ method, url, headers: { ...people[who] }, ...payload && { payload } })
  const schedule = async (more: object = {}): Promise<string> => (await ask('proctor', 'POST', `${base}/sessions`, { examId, candidateId, ...more })).json<ExamSession>().id
  const of = (id: string, verb = ''): string => `${base}/sessions/${id}${verb}`
  const begun = async (): Promise<string> => {
    const id = await schedule()
    expect((await ask('candidate', 'POST', of(id, '/start'))).statusCode).toBe(200)
    return id
  }
  const save = (id: string, number: number, answers: object): Promise<Answer> => ask('candidate', 'PUT', of(id, '/answers'), { save: number, answers })
  const read = async (id: string, who = 'candidate'): Promise<ExamPaper> => (await ask(who, 'GET', of(id))).json<ExamPaper>()
  const told = async (id: string): Promise<Envelope[]> => (await ask('proctor', 'GET', '/v1/history?channel=tenant:acme:certification&limit=1000')).json<History>().events.filter(({ data }) => data['sessionId'] === id)
  const typesOf = async (id: string): Promise<string[]> => (await told(id)).map(({ type }) => type)

  const ofAMinute = async (): Promise<string> => {
    const minute = (await ask('proctor', 'POST', base, { ...exam, seconds: 60 })).json<Exam>().id
    const id = await schedule({ examId: minute })
    await ask('candidate', 'POST', of(id, '/start'))
    return id
  }

  it('are scheduled, taken, submitted and judged, and each step is told once', async () => {
    const id = await begun()
    expect((await save(id, 1, { q1: 1 })).json()).toMatchObject({ save: 1, answered: 1 })
    expect((await save(id, 2, { q1: 1, q2: 2 })).json()).toMatchObject({ save: 2, answered: 2 })
    expect((await ask('candidate', 'POST', of(id, '/submit'))).json()).toMatchObject({ status: 'submitted', by: 'candidate', result: { right: 1, percent: 33, passed: false } })
    expect(await typesOf(id)).toEqual(['exam_scheduled', 'exam_started', 'exam_saved', 'exam_saved', 'exam_submitted', 'exam_result'])
  })

  it('show questions to their candidate only, only once begun, and never what is right', async () => {
    const id = await schedule()
    expect(await read(id)).not.toHaveProperty('questions')
    await ask('candidate', 'POST', of(id, '/start'))
    await save(id, 1, { q1: 0 })
    const paper = await read(id)
    expect(paper.questions).toHaveLength(3)
    expect(paper.answers).toEqual({ q1: 0 })
    expect(JSON.stringify(paper)).not.toContain('"right"')
    expect(await read(id, 'proctor')).not.toHaveProperty('answers')
    expect((await ask('member', 'GET', of(id))).statusCode).toBe(404)
    expect((await ask('member', 'GET', `${base}/sessions`)).json<ExamSessionList>().sessions).toEqual([])
    expect((await ask('foreigner', 'GET', of(id))).statusCode).toBe(404)
    expect(JSON.stringify(await told(id))).not.toMatch(/"q1"|passed|percent/)
  })

  it('let begin only whom they are for, and not before they open', async () => {
    const id = await schedule({ opensAt: new Date(service.now() + 60_000).toISOString() })
    expect((await ask('candidate', 'POST', of(id, '/start'))).json()).toMatchObject({ status: 409, code: 'exam_not_open' })
    expect((await ask('member', 'POST', of(id, '/start'))).statusCode).toBe(404)
    expect((await ask('viewer', 'POST', of(id, '/start'))).statusCode).toBe(403)
    expect((await ask('candidate', 'POST', `${base}/sessions`, { examId, candidateId })).statusCode).toBe(403)
    service.advance(61_000)
    const [first, again] = [await ask('candidate', 'POST', of(id, '/start')), await ask('candidate', 'POST', of(id, '/start'))]
    expect(again.json<ExamSession>().deadline).toBe(first.json<ExamSession>().deadline)
    expect(await typesOf(id)).toEqual(['exam_scheduled', 'exam_started'])
  })

  it('acknowledge a save that comes twice, and say where to go on when another came first', async () => {
    const id = await begun()
    await save(id, 1, { q1: 1 })
    expect((await save(id, 1, { q1: 1 })).json()).toMatchObject({ save: 1 })
    expect((await save(id, 1, { q1: 0 })).json()).toMatchObject({ status: 409, code: 'answers_conflict', save: 1 })
    expect((await save(id, 3, { q1: 0 })).json()).toMatchObject({ code: 'answers_conflict', save: 1 })
    expect((await read(id)).answers).toEqual({ q1: 1 })
    expect(await typesOf(id)).toEqual(['exam_scheduled', 'exam_started', 'exam_saved'])
  })

  it('refuse answers to what is no question, with the path', async () => {
    const id = await begun()
    expect((await save(id, 1, { q9: 0 })).json()).toMatchObject({ status: 400, errors: [{ path: 'answers.q9' }] })
    expect((await save(id, 1, { q1: 2 })).json()).toMatchObject({ status: 400, errors: [{ path: 'answers.q1' }] })
  })

  it('are submitted once by however many tabs at once', async () => {
    const id = await begun()
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('candidate', 'POST', of(id, '/submit'))))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200, 200])
    expect(new Set(answers.map(answer => answer.json<ExamSession>().submittedAt)).size).toBe(1)
    expect(await typesOf(id)).toEqual(['exam_scheduled', 'exam_started', 'exam_submitted', 'exam_result'])
  })

  it('are ended by a proctor with a reason, which the trail keeps, and keep nothing afterwards', async () => {
    const id = await begun()
    await save(id, 1, { q1: 1 })
    expect((await ask('proctor', 'POST', of(id, '/end'), { reason: 'Falta de luz' })).json()).toMatchObject({ status: 'submitted', by: 'proctor', reason: 'Falta de luz', result: { right: 1 } })
    expect((await save(id, 2, { q2: 0 })).json()).toMatchObject({ status: 409, code: 'exam_over' })
    expect((await ask('proctor', 'POST', of(id, '/end'), { reason: 'Outra' })).json()).toMatchObject({ code: 'exam_over' })
    expect((await ask('candidate', 'POST', of(id, '/end'), { reason: 'Eu' })).statusCode).toBe(403)
    const owner = await service.bearer('owner@acme.example')
    const trail = (await service.app.inject({ url: '/v1/tenants/acme/audit?limit=50', headers: owner })).json<AuditPage>().entries.filter(({ target }) => target === id)
    expect(trail.map(({ action }) => action).toSorted()).toEqual(['exam.ended', 'exam.scheduled', 'exam.started'])
    expect(trail.find(({ action }) => action === 'exam.ended')?.detail).toMatchObject({ reason: 'Falta de luz' })
    // Everybody of the tenant reads its channels: why somebody's exam was ended is not theirs to know.
    expect(JSON.stringify(await told(id))).not.toContain('Falta de luz')
    expect((await ask('viewer', 'GET', '/v1/history?channel=tenant:acme:activity&limit=1000')).body).not.toContain('Falta de luz')
  })

  it('end at their deadline whatever a late submission says', async () => {
    const id = await ofAMinute()
    const { session: { deadline } } = await read(id)
    service.advance(61_000)
    expect((await save(id, 1, { q1: 1 })).json()).toMatchObject({ code: 'exam_over' })
    expect((await ask('candidate', 'POST', of(id, '/submit'))).json()).toMatchObject({ by: 'timer', submittedAt: deadline, answered: 0 })
  })

  it('end by themselves when their time is over, at the deadline', async () => {
    const id = await ofAMinute()
    await save(id, 1, { q1: 1, q2: 0 })
    service.advance(60_000)
    await expect.poll(async () => (await read(id)).session.status, { timeout: 30_000 }).toBe('submitted')
    const { session } = await read(id)
    expect(session).toMatchObject({ by: 'timer', submittedAt: session.deadline, result: { right: 2, percent: 66, passed: true } })
    const submitted = (await told(id)).filter(({ type }) => type === 'exam_submitted')
    expect(submitted).toMatchObject([{ actor: { type: 'system', id: 'exam-timer' }, data: { by: 'timer' } }])
  })

  it('are looked at just when their time ends, by who was told of it, and not before', async () => {
    const id = await ofAMinute()
    const deadline = Date.parse((await read(id)).session.deadline ?? '')
    const began = Date.now()
    const now = (): number => deadline - 300 + Date.now() - began
    const ended: { id: string, at: number }[] = []
    const timer = startExamTimer({
      database: service.database, now, isLeader: () => false, onFault: error => { throw error },
      expire: (_tenantId, one) => { ended.push({ id: one, at: now() }); return Promise.resolve() },
    })
    timer.lookAt(deadline)
    await expect.poll(() => ended.find(one => one.id === id)?.at, { timeout: 30_000 }).toBeGreaterThanOrEqual(deadline)
    await timer.stop()
  })

  it('give a list with its place in the log, and the same session for a repeat under one key', async () => {
    const once = (): Promise<Answer> => ask('proctor', 'POST', `${base}/sessions`, { examId, candidateId, idempotencyKey: 'schedule-once' })
    const [first, second] = [await once(), await once()]
    expect([first.statusCode, second.json<ExamSession>().id]).toEqual([201, first.json<ExamSession>().id])
    const list = (await ask('proctor', 'GET', `${base}/sessions`)).json<ExamSessionList>()
    const { seq } = (await ask('proctor', 'GET', '/v1/history?channel=tenant:acme:certification&limit=1')).json<History>()
    expect(list).toMatchObject({ seq, logEpoch: service.database.logEpoch })
    expect(list.sessions[0]).toMatchObject({ id: first.json<ExamSession>().id, candidateName: 'Candidate', status: 'scheduled' })
    expect((await ask('proctor', 'POST', `${base}/sessions`, { examId: candidateId, candidateId })).statusCode).toBe(422)
    expect((await ask('proctor', 'POST', `${base}/sessions`, { examId, candidateId: examId })).statusCode).toBe(422)
  })

  it('are told by the platform alone', async () => {
    const data = { sessionId: examId, candidateId }
    const answer = await service.app.inject({ method: 'POST', url: '/v1/events', headers: { authorization: `Bearer ${service.keyOf('acme')}` }, payload: { channel: 'tenant:acme:certification', type: 'exam_result', data } })
    expect(answer.statusCode).toBe(403)
  })
})

it('an exam whose time ran out while nothing ran is ended at the next start, at its deadline', async () => {
  const database = await openPrepared()
  const before = await startService({ database })
  const call = async <T>(who: string, url: string, payload?: object): Promise<T> =>
    (await before.app.inject({ method: payload ? 'POST' : 'GET', url, headers: await before.bearer(`${who}@acme.example`), ...payload && { payload } })).json<T>()
  const { id: examId } = await call<Exam>('proctor', base, exam)
  const { candidates } = await call<CandidateList>('proctor', `${base}/candidates`)
  const { id } = await call<ExamSession>('proctor', `${base}/sessions`, { examId, candidateId: candidates.find(({ name }) => name === 'Candidate')?.id })
  const { deadline } = await call<ExamSession>('candidate', `${base}/sessions/${id}/start`, {})
  await before.stop()
  const after = await startService({ database, now: () => Date.now() + 3_600_000 })
  const stateOf = (): Promise<{ status: string, submitted_at: Date | null, ended_by: string | null } | undefined> =>
    database.inSystem(tx => tx.selectFrom('exam_sessions').select(['status', 'submitted_at', 'ended_by']).where('id', '=', id).executeTakeFirst())
  await expect.poll(async () => (await stateOf())?.status, { timeout: 30_000 }).toBe('submitted')
  expect(await stateOf()).toMatchObject({ ended_by: 'timer', submitted_at: new Date(deadline ?? 0) })
  await after.stop()
  await database.close()
})
