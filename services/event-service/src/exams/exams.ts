/** Exams and who may take them. */

import { permissionsOf, type CandidateList, type CreateExam, type Exam, type ExamList } from '@neo-stack/events'
import { toAct, toKey, type Asked } from '../asked.ts'
import type { Database } from '../database/database.ts'
import type { Perform } from '../publish/acts.ts'

/** What the service of exams needs. */
export interface ExamOptions {
  database: Database
  perform: Perform
  now: () => number
}

/** Most exams and candidates of a list. */
const MAX_LISTED = 500

/** Adds an exam. */
export async function createExam({ perform, now }: ExamOptions, asked: Asked, { idempotencyKey: _, ...exam }: CreateExam): Promise<Exam> {
  const { title, seconds, passPercent, questions } = exam
  const made: Exam = { id: crypto.randomUUID(), title, seconds, passPercent, questions: questions.length, createdAt: new Date(now()).toISOString() }
  const { result } = await perform({ ...toAct(asked), action: 'exam.created', target: made.id, detail: { title } }, {
    key: toKey(asked, 'exams', exam),
    run: async tx => {
      await tx.insertInto('exams').values({
        tenant_id: asked.tenantId, id: made.id, title, seconds, pass_percent: passPercent, questions: JSON.stringify(questions), created_at: made.createdAt,
      }).execute()
      return made
    },
  })
  return result
}

/** A tenant's exams, newest first. */
export async function listExams(database: Database, tenantId: string): Promise<ExamList> {
  const rows = await database.inTenant(tenantId, tx => tx.selectFrom('exams').selectAll().where('tenant_id', '=', tenantId).orderBy('created_at', 'desc').limit(MAX_LISTED).execute())
  return { exams: rows.map(row => ({ id: row.id, title: row.title, seconds: row.seconds, passPercent: row.pass_percent, questions: row.questions.length, createdAt: row.created_at.toISOString() })) }
}

/** People of the tenant who may take exams, by name. */
export async function listCandidates(database: Database, tenantId: string): Promise<CandidateList> {
  const people = await database.inTenant(tenantId, tx => tx.selectFrom('users').select(['id', 'name', 'roles']).where('tenant_id', '=', tenantId).where('state', '=', 'active').orderBy('name').limit(MAX_LISTED).execute())
  return { candidates: people.filter(({ roles }) => permissionsOf(roles).includes('exam:take')).map(({ id, name }) => ({ id, name })) }
}
