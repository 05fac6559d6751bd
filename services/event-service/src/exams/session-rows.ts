/** Sessions in the database. A row's `version` tells whether somebody else wrote between reading and writing. */

import type { ExamQuestion, ExamSession } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { Overtaken } from '../publish/overtaken.ts'
import { toPercent, type JudgedQuestion, type SessionState } from './session-state.ts'

/** A session as it was read. */
export interface StoredSession {
  id: string
  tenantId: string
  examId: string
  title: string
  candidateId: string
  candidateName: string
  /** Who watches it; none: all who may. */
  proctorIds: readonly string[]
  passPercent: number
  questions: readonly (ExamQuestion & JudgedQuestion)[]
  state: SessionState
  version: number
}

/** Most sessions of a list. */
const MAX_SESSIONS = 500

function selectSessions(tx: Tx) {
  return tx.selectFrom('exam_sessions as s').innerJoin('exams as e', 'e.id', 's.exam_id').innerJoin('users as u', 'u.id', 's.candidate_id')
    .selectAll('s').select(['e.title', 'e.seconds', 'e.pass_percent', 'e.questions', 'e.proctor_ids', 'u.name as candidate_name'])
}

type Row = Awaited<ReturnType<ReturnType<typeof selectSessions>['executeTakeFirstOrThrow']>>

/** One session. @throws {Problem} `not_found` */
export async function readSession(tx: Tx, tenantId: string, id: string): Promise<StoredSession> {
  const row = await selectSessions(tx).where('s.tenant_id', '=', tenantId).where('s.id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', { detail: 'There is no such exam session.' })
  return toStored(row)
}

/** A tenant's sessions, or one candidate's, newest first. */
export async function listSessions(tx: Tx, tenantId: string, candidateId?: string): Promise<StoredSession[]> {
  const all = selectSessions(tx).where('s.tenant_id', '=', tenantId).orderBy('s.created_at', 'desc').orderBy('s.id').limit(MAX_SESSIONS)
  return (await (candidateId === undefined ? all : all.where('s.candidate_id', '=', candidateId)).execute()).map(toStored)
}

/** Writes where a session stands. @throws {Overtaken} when it does not stand where it was read any more */
export async function saveState(tx: Tx, { tenantId, id, version }: StoredSession, state: SessionState): Promise<void> {
  const { numUpdatedRows } = await tx.updateTable('exam_sessions').set({
    status: state.status, started_at: toTime(state.startedAt), deadline: toTime(state.deadline), submitted_at: toTime(state.submittedAt),
    ended_by: state.by ?? null, reason: state.reason ?? null, save: state.save, answers: JSON.stringify(state.answers), right_answers: state.right ?? null, version: version + 1,
  }).where('tenant_id', '=', tenantId).where('id', '=', id).where('version', '=', version).executeTakeFirst()
  if (Number(numUpdatedRows) !== 1) throw new Overtaken()
}

/** A session as it is answered. */
export function toAnswer({ id, examId, title, candidateId, candidateName, proctorIds, passPercent, questions, state }: StoredSession): ExamSession {
  const percent = toPercent(state.right ?? 0, questions.length)
  return {
    id, examId, title, candidateId, candidateName, status: state.status, seconds: state.seconds, questions: questions.length, answered: Object.keys(state.answers).length, save: state.save,
    opensAt: new Date(state.opensAt).toISOString(), ...proctorIds.length > 0 && { proctorIds: [...proctorIds] },
    ...state.startedAt !== undefined && { startedAt: new Date(state.startedAt).toISOString() }, ...state.deadline !== undefined && { deadline: new Date(state.deadline).toISOString() },
    ...state.submittedAt !== undefined && { submittedAt: new Date(state.submittedAt).toISOString() },
    ...state.by && { by: state.by }, ...state.reason !== undefined && { reason: state.reason },
    ...state.right !== undefined && { result: { right: state.right, percent, passed: percent >= passPercent } },
  }
}

const toTime = (ms: number | undefined): Date | null => ms === undefined ? null : new Date(ms)

function toStored(row: Row): StoredSession {
  return {
    id: row.id, tenantId: row.tenant_id, examId: row.exam_id, title: row.title, candidateId: row.candidate_id, candidateName: row.candidate_name,
    passPercent: row.pass_percent, questions: row.questions, proctorIds: row.proctor_ids, version: row.version,
    state: {
      status: row.status, opensAt: row.opens_at.getTime(), seconds: row.seconds, save: row.save, answers: row.answers,
      ...row.started_at && { startedAt: row.started_at.getTime() }, ...row.deadline && { deadline: row.deadline.getTime() },
      ...row.submitted_at && { submittedAt: row.submitted_at.getTime() }, ...row.ended_by && { by: row.ended_by },
      ...row.reason !== null && { reason: row.reason }, ...row.right_answers !== null && { right: row.right_answers },
    },
  }
}
