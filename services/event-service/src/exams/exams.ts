/** Exams, who may take them and who watches them. */

import { channelOf, permissionsOf, type CandidateList, type CreateExam, type Exam, type ExamList, type Permission } from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import type { DraftEvent } from '../publish/write-path.ts'

/** What the service of exams needs. */
export interface ExamOptions {
  database: Database
  perform: Perform
  now: () => number
}

/** Most exams and candidates of a list. */
const MAX_LISTED = 500

/** Adds an exam, and schedules it for its candidates. @throws {Problem} `unprocessable` for people who may not */
export async function createExam(options: ExamOptions, asked: Asked, { idempotencyKey: _, ...exam }: CreateExam): Promise<Exam> {
  const { database, perform, now } = options
  const { tenantId } = asked
  const { title, seconds, passPercent, questions, proctorIds = [], candidateIds = [], opensAt = new Date(now()).toISOString() } = exam
  const { candidates, proctors } = await listPeople(database, tenantId)
  assertPeople(proctorIds.map((id, index) => ({ id, path: `proctorIds.${index}` })), proctors)
  assertPeople(candidateIds.map((id, index) => ({ id, path: `candidateIds.${index}` })), candidates)
  const made: Exam = { id: crypto.randomUUID(), title, seconds, passPercent, questions: questions.length, ...proctorIds.length > 0 && { proctorIds }, createdAt: new Date(now()).toISOString() }
  const sessions = candidateIds.map(candidateId => scheduleIn({ tenantId, now }, { id: crypto.randomUUID(), examId: made.id, candidateId, title, opensAt }))
  const { result } = await perform({ ...toAct(asked), action: 'exam.created', target: made.id, detail: { title, ...candidateIds.length > 0 && { candidateIds } } }, {
    key: toKey(asked, 'exams', exam), events: sessions.map(({ event }) => event),
    run: async tx => {
      await tx.insertInto('exams').values({
        tenant_id: tenantId, id: made.id, title, seconds, pass_percent: passPercent, questions: JSON.stringify(questions), created_at: made.createdAt, proctor_ids: proctorIds,
      }).execute()
      for (const { insert } of sessions) await insert(tx)
      return made
    },
  })
  return result
}

/** What scheduling writes and says, for a transaction of the caller's. */
export function scheduleIn(
  { tenantId, now }: { tenantId: string, now: () => number }, { id, examId, candidateId, title, opensAt }: { id: string, examId: string, candidateId: string, title: string, opensAt: string },
): { event: Omit<DraftEvent, 'actor'>, insert: (tx: Tx) => Promise<unknown> } {
  return {
    event: { channel: channelOf('certification', { tenantId }), type: 'exam_scheduled', data: { sessionId: id, candidateId, examId, title, opensAt } },
    insert: tx => tx.insertInto('exam_sessions').values({ tenant_id: tenantId, id, exam_id: examId, candidate_id: candidateId, created_at: new Date(now()), opens_at: opensAt }).execute(),
  }
}

/** @throws {Problem} `unprocessable` with the path of who is none of those who may */
export function assertPeople(named: readonly { id: string, path: string }[], may: CandidateList['candidates']): void {
  const errors = named.filter(({ id }) => !may.some(one => one.id === id)).map(({ path }) => ({ path, message: 'is nobody of this tenant who may' }))
  if (errors.length > 0) throw new Problem('unprocessable', { detail: 'Somebody named is nobody of this tenant who may.', errors })
}

/** A tenant's exams, newest first. */
export async function listExams(database: Database, tenantId: string): Promise<ExamList> {
  const rows = await database.inTenant(tenantId, tx => tx.selectFrom('exams').selectAll().where('tenant_id', '=', tenantId).orderBy('created_at', 'desc').limit(MAX_LISTED).execute())
  return {
    exams: rows.map(row => ({
      id: row.id, title: row.title, seconds: row.seconds, passPercent: row.pass_percent, questions: row.questions.length,
      ...row.proctor_ids.length > 0 && { proctorIds: row.proctor_ids }, createdAt: row.created_at.toISOString(),
    })),
  }
}

/** People of the tenant who may take exams, and who may watch them, by name. */
export async function listPeople(database: Database, tenantId: string): Promise<CandidateList> {
  const people = await database.inTenant(tenantId, tx => tx.selectFrom('users').select(['id', 'name', 'roles']).where('tenant_id', '=', tenantId).where('state', '=', 'active').orderBy('name').limit(MAX_LISTED).execute())
  const who = (permission: Permission): CandidateList['candidates'] => people.filter(({ roles }) => permissionsOf(roles).includes(permission)).map(({ id, name }) => ({ id, name }))
  return { candidates: who('exam:take'), proctors: who('exam:write') }
}
