import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditPage, CandidateList, Envelope, Exam, ExamList, ExamSession, ExamSessionList, History } from '@neo-stack/events'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const exam = { title: 'Redes', seconds: 600, passPercent: 50, questions: [{ id: 'q1', text: 'Um?', choices: ['a', 'b'], right: 1 }] }
const base = '/v1/tenants/acme/exams'

describe('a scheduled exam', () => {
  let service: TestService
  let people: CandidateList
  const bearers: Record<string, { authorization: string }> = {}
  beforeAll(async () => {
    service = await startService()
    for (const name of ['candidate', 'proctor', 'member']) bearers[name] = await service.bearer(`${name}@acme.example`)
    bearers['foreigner'] = await service.bearer('owner@globex.example')
    people = (await ask('proctor', 'GET', `${base}/candidates`)).json<CandidateList>()
  })
  afterAll(() => service.stop())

  const ask = (who: string, method: 'GET' | 'POST', url: string, payload?: object): Promise<Answer> =>
    service.app.inject({ method, url, headers: { ...bearers[who] }, ...payload && { payload } })
  const idOf = (list: CandidateList['candidates'], name: string): string => list.find(one => one.name === name)?.id ?? ''
  const candidateId = (): string => idOf(people.candidates, 'Candidate')
  const of = (id: string, verb: string): string => `${base}/sessions/${id}/${verb}`
  const sessionsOf = async (examId: string, who = 'proctor'): Promise<ExamSession[]> =>
    (await ask(who, 'GET', `${base}/sessions`)).json<ExamSessionList>().sessions.filter(one => one.examId === examId)
  const scheduled = async (more: object = {}): Promise<ExamSession> => {
    const { id } = (await ask('proctor', 'POST', base, { ...exam, candidateIds: [candidateId()], ...more })).json<Exam>()
    const [session] = await sessionsOf(id)
    if (!session) throw new Error('nothing was scheduled')
    return session
  }
  const typesOf = async (id: string): Promise<string[]> =>
    (await ask('proctor', 'GET', '/v1/history?channel=tenant:acme:certification&limit=1000')).json<History>().events.filter(({ data }: Envelope) => data['sessionId'] === id).map(({ type }) => type)

  it('is made with the exam, for each candidate, from one time on, and names who watches it', async () => {
    const opensAt = new Date(service.now() + 60_000).toISOString()
    const both = [candidateId(), idOf(people.candidates, 'Member')]
    const proctorIds = [idOf(people.proctors, 'Proctor')]
    const made = (await ask('proctor', 'POST', base, { ...exam, candidateIds: both, proctorIds, opensAt })).json<Exam>()
    expect(made).toMatchObject({ title: 'Redes', questions: 1, proctorIds })
    expect((await sessionsOf(made.id)).map(one => [one.candidateId, one.opensAt, one.proctorIds, one.status]).toSorted()).toEqual(both.map(id => [id, opensAt, proctorIds, 'scheduled']).toSorted())
    expect((await ask('proctor', 'GET', base)).json<ExamList>().exams.find(({ id }) => id === made.id)).toMatchObject({ proctorIds })
    expect((await sessionsOf(made.id, 'member'))).toHaveLength(1)
  })

  it('is not made, nor the exam, when somebody named may not: the answer says who', async () => {
    const stranger = '0190b5a0-7c1e-4000-8000-00000000000a'
    const before = (await ask('proctor', 'GET', base)).json<ExamList>().exams.length
    expect((await ask('proctor', 'POST', base, { ...exam, candidateIds: [candidateId(), stranger] })).json()).toMatchObject({ status: 422, errors: [{ path: 'candidateIds.1' }] })
    expect((await ask('proctor', 'POST', base, { ...exam, proctorIds: [candidateId()] })).json()).toMatchObject({ status: 422, errors: [{ path: 'proctorIds.0' }] })
    expect((await ask('proctor', 'POST', base, { ...exam, candidateIds: [candidateId(), candidateId()] })).json()).toMatchObject({ status: 400, errors: [{ path: 'candidateIds' }] })
    expect((await ask('proctor', 'GET', base)).json<ExamList>().exams).toHaveLength(before)
  })

  it('is withdrawn once, cannot be begun then, and can once it is restored; the trail says both', async () => {
    const { id } = await scheduled()
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask('proctor', 'POST', of(id, 'withdraw'))))
    expect(answers.map(answer => [answer.statusCode, answer.json<ExamSession>().status])).toEqual(Array.from({ length: 4 }, () => [200, 'withdrawn']))
    expect((await ask('candidate', 'POST', of(id, 'start'))).json()).toMatchObject({ status: 409, code: 'exam_not_open' })
    expect((await ask('proctor', 'POST', of(id, 'end'), { reason: 'r' })).json()).toMatchObject({ status: 409, code: 'exam_not_open' })
    expect((await ask('proctor', 'POST', of(id, 'restore'))).json()).toMatchObject({ status: 'scheduled' })
    expect((await ask('candidate', 'POST', of(id, 'start'))).json()).toMatchObject({ status: 'started' })
    expect(await typesOf(id)).toEqual(['exam_scheduled', 'exam_withdrawn', 'exam_restored', 'exam_started'])
    const { entries } = (await service.app.inject({ url: '/v1/tenants/acme/audit?limit=100', headers: await service.bearer('owner@acme.example') })).json<AuditPage>()
    expect(entries.filter(({ target }) => target === id).map(({ action }) => action)).toEqual(['exam.started', 'exam.restored', 'exam.withdrawn'])
  })

  it('is either begun or withdrawn when both are asked at once, and is not withdrawn later', async () => {
    const { id } = await scheduled()
    const [begun, withdrawn] = await Promise.all([ask('candidate', 'POST', of(id, 'start')), ask('proctor', 'POST', of(id, 'withdraw'))])
    expect([begun.statusCode, withdrawn.statusCode].toSorted()).toEqual([200, 409])
    await ask('proctor', 'POST', of(id, 'restore'))
    await ask('candidate', 'POST', of(id, 'start'))
    for (const verb of ['withdraw', 'restore']) expect((await ask('proctor', 'POST', of(id, verb))).json()).toMatchObject({ status: 409, code: 'exam_begun' })
  })

  it('is withdrawn by proctors of its tenant only', async () => {
    const { id } = await scheduled()
    for (const verb of ['withdraw', 'restore']) {
      expect((await ask('candidate', 'POST', of(id, verb))).statusCode).toBe(403)
      expect((await ask('foreigner', 'POST', of(id, verb))).statusCode).toBe(404)
    }
    expect(await typesOf(id)).toEqual(['exam_scheduled'])
  })
})
