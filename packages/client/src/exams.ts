/** Typed REST of exams and their sessions. */

import type { AnswersSaved, CandidateList, CreateExam, EndExam, Exam, ExamList, ExamPaper, ExamSession, ExamSessionList, SaveAnswers, ScheduleExam } from '@neo-stack/events'
import { keyOf, type CallOptions, type Send } from './request.ts'

/** Which exam session is meant. */
export interface ExamPath {
  tenantId: string
  sessionId: string
}

/** What candidates and proctors ask for. */
export interface ExamCalls {
  list(tenantId: string, options?: CallOptions): Promise<ExamList>
  /** 422 `unprocessable` for people who may not. */
  create(tenantId: string, exam: CreateExam, options?: CallOptions): Promise<Exam>
  /** People who may take an exam, and who may watch one. */
  candidates(tenantId: string, options?: CallOptions): Promise<CandidateList>
  /** All for proctors, one's own for candidates, newest first. */
  sessions(tenantId: string, options?: CallOptions): Promise<ExamSessionList>
  /** 422 `unprocessable` for an exam or a candidate that is none. */
  schedule(tenantId: string, session: ScheduleExam, options?: CallOptions): Promise<ExamSession>
  /** With questions and answers for its candidate. */
  session(of: ExamPath, options?: CallOptions): Promise<ExamPaper>
  /** Begins, or goes on. 409 `exam_not_open`, `exam_over`. */
  start(of: ExamPath, options?: CallOptions): Promise<ExamSession>
  /** 409 `answers_conflict` when another save came first, `exam_over`. */
  save(of: ExamPath, answers: SaveAnswers, options?: CallOptions): Promise<AnswersSaved>
  /** Once; again it is answered as it is. */
  submit(of: ExamPath, options?: CallOptions): Promise<ExamSession>
  /** Takes back what has not begun. 409 `exam_begun`. */
  withdraw(of: ExamPath, options?: CallOptions): Promise<ExamSession>
  /** Schedules again what was withdrawn. 409 `exam_begun`. */
  restore(of: ExamPath, options?: CallOptions): Promise<ExamSession>
  /** Ends a running session. 409 `exam_over`. */
  end(of: ExamPath, body: EndExam, options?: CallOptions): Promise<ExamSession>
}

/** Makes the routes. */
export function createExamCalls(send: Send): ExamCalls {
  const exams = (tenantId: string): string => `/v1/tenants/${encodeURIComponent(tenantId)}/exams`
  const path = ({ tenantId, sessionId }: ExamPath, verb = ''): string => `${exams(tenantId)}/sessions/${encodeURIComponent(sessionId)}${verb}`
  return {
    list: (tenantId, own) => send({ method: 'GET', path: exams(tenantId) }, own),
    create: (tenantId, body, own) => send({ method: 'POST', path: exams(tenantId), body, isCreating: true }, { ...own, ...keyOf(body) }),
    candidates: (tenantId, own) => send({ method: 'GET', path: `${exams(tenantId)}/candidates` }, own),
    sessions: (tenantId, own) => send({ method: 'GET', path: `${exams(tenantId)}/sessions` }, own),
    schedule: (tenantId, body, own) => send({ method: 'POST', path: `${exams(tenantId)}/sessions`, body, isCreating: true }, { ...own, ...keyOf(body) }),
    session: (of, own) => send({ method: 'GET', path: path(of) }, own),
    start: (of, own) => send({ method: 'POST', path: path(of, '/start'), isRepeatable: true }, own),
    save: (of, body, own) => send({ method: 'PUT', path: path(of, '/answers'), body, isRepeatable: true }, own),
    submit: (of, own) => send({ method: 'POST', path: path(of, '/submit'), isRepeatable: true }, own),
    withdraw: (of, own) => send({ method: 'POST', path: path(of, '/withdraw'), isRepeatable: true }, own),
    restore: (of, own) => send({ method: 'POST', path: path(of, '/restore'), isRepeatable: true }, own),
    end: (of, body, own) => send({ method: 'POST', path: path(of, '/end'), body }, own),
  }
}
