/**
 * Events of exams. They say what happened, never what was answered nor how it was judged: the channel is read by everybody who may
 * read exams, results by the candidate and the proctors only.
 */

import * as z from 'zod'
import { defineEvent } from './define.ts'

/** Who brought a session to its end: the candidate, the time, or a proctor. */
export const examEndSchema = z.enum(['candidate', 'timer', 'proctor'])

/** See {@link examEndSchema}. */
export type ExamEnd = z.infer<typeof examEndSchema>

const ofSession = { sessionId: z.uuid(), candidateId: z.uuid() }

/** Somebody is to take an exam from `opensAt` on. */
export const examScheduled = defineEvent({
  type: 'exam_scheduled',
  families: ['certification'],
  doc: 'An exam was scheduled for a candidate',
  data: z.strictObject({ ...ofSession, examId: z.uuid(), title: z.string().max(120), opensAt: z.iso.datetime() }),
})

/** A proctor took back what was scheduled; nobody can begin it. */
export const examWithdrawn = defineEvent({
  type: 'exam_withdrawn',
  families: ['certification'],
  doc: 'A scheduled session was withdrawn',
  data: z.strictObject(ofSession),
})

/** What was withdrawn is scheduled again, as it was. */
export const examRestored = defineEvent({
  type: 'exam_restored',
  families: ['certification'],
  doc: 'A withdrawn session is scheduled again',
  data: z.strictObject(ofSession),
})

/** The time runs until `deadline`. */
export const examStarted = defineEvent({
  type: 'exam_started',
  families: ['certification'],
  doc: 'A candidate began; the time runs until the deadline',
  data: z.strictObject({ ...ofSession, startedAt: z.iso.datetime(), deadline: z.iso.datetime() }),
})

/** `save` is the number of the save, 1 higher each time. */
export const examSaved = defineEvent({
  type: 'exam_saved',
  families: ['certification'],
  doc: 'Answers of a candidate were kept',
  data: z.strictObject({ ...ofSession, save: z.int().positive(), answered: z.int().min(0) }),
})

/** Comes once per session. A proctor's reason stands in the session, for those who may read it. */
export const examSubmitted = defineEvent({
  type: 'exam_submitted',
  families: ['certification'],
  doc: 'A session ended: by its candidate, by the time, or by a proctor',
  data: z.strictObject({ ...ofSession, by: examEndSchema, submittedAt: z.iso.datetime(), answered: z.int().min(0) }),
})

/** Says that there is a result; what it is stands in the session, for those who may read it. */
export const examResult = defineEvent({
  type: 'exam_result',
  families: ['certification'],
  doc: 'The result of a session is there',
  data: z.strictObject(ofSession),
})
