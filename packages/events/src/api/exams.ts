/** HTTP contract: exams and their sessions. */

import * as z from 'zod'
import { examEndSchema } from '../catalog/exams.ts'
import { slugSchema } from '../catalog/deployments.ts'

const textSchema = z.string().trim().min(1).max(1000)
/** Each of them once. */
const peopleSchema = z.array(z.uuid()).max(100).refine(ids => new Set(ids).size === ids.length, { error: 'names somebody twice' }).optional()
const keySchema = z.string().min(1).max(200).optional()

/** A question as candidates see it: one of `choices` is right. */
export const examQuestionSchema = z.object({ id: slugSchema, text: textSchema, choices: z.array(textSchema).min(2).max(10) })

/** See {@link examQuestionSchema}. */
export type ExamQuestion = z.infer<typeof examQuestionSchema>

/**
 * POST …/exams: `right` is the place of the right choice, from 0. `seconds` is how long a candidate has. It is scheduled at once for
 * `candidateIds`, from `opensAt` on (by default: at once). `proctorIds` are those who watch it; without any, all who may.
 */
export const createExamSchema = z.strictObject({
  title: z.string().trim().min(1).max(120),
  seconds: z.int().min(5).max(28_800),
  /** Percent of right answers from which on an exam is passed. */
  passPercent: z.int().min(1).max(100),
  questions: z.array(z.strictObject({ ...examQuestionSchema.shape, right: z.int().min(0) })).min(1).max(100).superRefine((questions, context) => {
    for (const [index, { id, choices, right }] of questions.entries()) {
      if (right >= choices.length) context.addIssue({ code: 'custom', path: [index, 'right'], message: 'is no place of a choice' })
      if (questions.findIndex(one => one.id === id) !== index) context.addIssue({ code: 'custom', path: [index, 'id'], message: 'names a question for the second time' })
    }
  }),
  proctorIds: peopleSchema,
  candidateIds: peopleSchema,
  opensAt: z.iso.datetime().optional(),
  idempotencyKey: keySchema,
})

/** See {@link createExamSchema}. */
export type CreateExam = z.input<typeof createExamSchema>

/** An exam without its questions. Without `proctorIds` all who may watch it. */
export const examSchema = z.object({
  id: z.uuid(), title: z.string(), seconds: z.int(), passPercent: z.int(), questions: z.int(), proctorIds: z.array(z.uuid()).optional(), createdAt: z.iso.datetime(),
})

/** See {@link examSchema}. */
export type Exam = z.infer<typeof examSchema>

/** GET …/exams: newest first. */
export const examListSchema = z.object({ exams: z.array(examSchema) })

/** See {@link examListSchema}. */
export type ExamList = z.infer<typeof examListSchema>

const personSchema = z.object({ id: z.uuid(), name: z.string() })

/** GET …/exams/candidates: people who may take an exam, and people who may watch one, by name. */
export const candidateListSchema = z.object({ candidates: z.array(personSchema), proctors: z.array(personSchema) })

/** See {@link candidateListSchema}. */
export type CandidateList = z.infer<typeof candidateListSchema>

/** POST …/exams/sessions: without `opensAt` it may begin at once. */
export const scheduleExamSchema = z.strictObject({ examId: z.uuid(), candidateId: z.uuid(), opensAt: z.iso.datetime().optional(), idempotencyKey: keySchema })

/** See {@link scheduleExamSchema}. */
export type ScheduleExam = z.input<typeof scheduleExamSchema>

/** One candidate's taking of one exam. `save` numbers the saves of answers, 0 before the first; `result` is there from the end on. A `withdrawn` one cannot be begun. `proctorIds`: see {@link examSchema}. */
export const examSessionSchema = z.object({
  id: z.uuid(), examId: z.uuid(), title: z.string(), candidateId: z.uuid(), candidateName: z.string(), proctorIds: z.array(z.uuid()).optional(),
  status: z.enum(['scheduled', 'withdrawn', 'started', 'submitted']),
  seconds: z.int(), questions: z.int(), answered: z.int(), save: z.int(),
  opensAt: z.iso.datetime(), startedAt: z.iso.datetime().optional(), deadline: z.iso.datetime().optional(), submittedAt: z.iso.datetime().optional(),
  by: examEndSchema.optional(), reason: z.string().optional(),
  result: z.object({ percent: z.int(), passed: z.boolean(), right: z.int() }).optional(),
})

/** See {@link examSessionSchema}. */
export type ExamSession = z.infer<typeof examSessionSchema>

/** GET …/exams/sessions: all for proctors, one's own for candidates, newest first; `seq` says where in the channel's log it stands, `now` the service's time. */
export const examSessionListSchema = z.object({ sessions: z.array(examSessionSchema), logEpoch: z.string(), seq: z.int().min(0), now: z.iso.datetime() })

/** See {@link examSessionListSchema}. */
export type ExamSessionList = z.infer<typeof examSessionListSchema>

/** The place of the chosen choice by question. */
const answersSchema = z.record(slugSchema, z.int().min(0).max(9))

/** GET …/exams/sessions/{id}: with the questions once it began and with the answers as they were kept, for its candidate. */
export const examPaperSchema = z.object({
  session: examSessionSchema, questions: z.array(examQuestionSchema).optional(), answers: answersSchema.optional(), logEpoch: z.string(), seq: z.int().min(0), now: z.iso.datetime(),
})

/** See {@link examPaperSchema}. */
export type ExamPaper = z.infer<typeof examPaperSchema>

/** PUT …/answers: what changed since the last save; `save` is 1 more than the last that was acknowledged. */
export const saveAnswersSchema = z.strictObject({ save: z.int().positive(), answers: answersSchema })

/** See {@link saveAnswersSchema}. */
export type SaveAnswers = z.input<typeof saveAnswersSchema>

/** The acknowledgement of a save. */
export const answersSavedSchema = z.object({ save: z.int(), answered: z.int(), now: z.iso.datetime() })

/** See {@link answersSavedSchema}. */
export type AnswersSaved = z.infer<typeof answersSavedSchema>

/** POST …/end */
export const endExamSchema = z.strictObject({ reason: z.string().trim().min(1).max(200) })

/** See {@link endExamSchema}. */
export type EndExam = z.input<typeof endExamSchema>
