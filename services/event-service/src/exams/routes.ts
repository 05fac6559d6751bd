/** /v1/tenants/{t}/exams: exams, who may take them, and sessions. */

import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import {
  answersSavedSchema, authorizeTenant, candidateListSchema, createExamSchema, endExamSchema, examListSchema, examPaperSchema, examSchema, examSessionListSchema, examSessionSchema,
  isOperator, saveAnswersSchema, scheduleExamSchema, slugSchema,
} from '@neo-stack/events'
import { askedIn, type Asked } from '../asked.ts'
import { guard, idempotencyKeyOf, type App } from '../http.ts'
import { createExam, listExams, listPeople, type ExamOptions } from './exams.ts'
import { listFor, readPaper, type Reader } from './reading.ts'
import type { ExamSessions } from './sessions.ts'

const tags = ['exams']
const inTenant = z.object({ tenantId: slugSchema })
const ofSession = inTenant.extend({ sessionId: z.uuid() })

/** Adds the routes. */
export function examRoutes(app: App, options: ExamOptions, sessions: ExamSessions): void {
  examListRoutes(app, options)
  readingRoutes(app, options)
  proctorRoutes(app, sessions)
  candidateRoutes(app, sessions)
}

function examListRoutes(app: App, options: ExamOptions): void {
  app.get('/v1/tenants/:tenantId/exams', { schema: { summary: 'Exams, newest first', tags, params: inTenant, response: { 200: examListSchema } } }, request => {
    guard(request, request.params.tenantId, 'exam:read')
    return listExams(options.database, request.params.tenantId)
  })

  app.post('/v1/tenants/:tenantId/exams', {
    config: { publishes: 'kept' }, schema: { summary: 'Add an exam, and schedule it for candidates', tags, params: inTenant, body: createExamSchema, response: { 201: examSchema } },
  }, async (request, reply) => {
    const asked = askedForExam(request, request.params.tenantId, request.body)
    return reply.code(201).send(await createExam(options, asked, request.body))
  })

  app.get('/v1/tenants/:tenantId/exams/candidates', {
    schema: { summary: 'People who may take an exam, and people who may watch one, by name', tags, params: inTenant, response: { 200: candidateListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'exam:write')
    return listPeople(options.database, request.params.tenantId)
  })
}

function readingRoutes(app: App, options: ExamOptions): void {
  app.get('/v1/tenants/:tenantId/exams/sessions', {
    schema: { summary: 'Exam sessions, newest first: all for proctors, one\'s own for candidates', tags, params: inTenant, response: { 200: examSessionListSchema } },
  }, request => listFor(options, readerOf(request, request.params.tenantId)))

  app.get('/v1/tenants/:tenantId/exams/sessions/:sessionId', {
    schema: { summary: 'An exam session; for its candidate with questions and answers', tags, params: ofSession, response: { 200: examPaperSchema } },
  }, request => readPaper(options, readerOf(request, request.params.tenantId), request.params.sessionId))
}

function proctorRoutes(app: App, sessions: ExamSessions): void {
  app.post('/v1/tenants/:tenantId/exams/sessions', {
    config: { publishes: 'kept' }, schema: { summary: 'Schedule an exam for a candidate', tags, params: inTenant, body: scheduleExamSchema, response: { 201: examSessionSchema } },
  }, async (request, reply) => {
    const asked = askedForExam(request, request.params.tenantId, request.body)
    return reply.code(201).send(await sessions.schedule(asked, request.body))
  })

  app.post('/v1/tenants/:tenantId/exams/sessions/:sessionId/withdraw', {
    config: { publishes: 'live' }, schema: { summary: 'Take back a session that has not begun', tags, params: ofSession, response: { 200: examSessionSchema } },
  }, request => sessions.withdraw(askedIn(request, request.params.tenantId, 'exam:write'), request.params.sessionId))

  app.post('/v1/tenants/:tenantId/exams/sessions/:sessionId/restore', {
    config: { publishes: 'live' }, schema: { summary: 'Schedule again what was withdrawn', tags, params: ofSession, response: { 200: examSessionSchema } },
  }, request => sessions.restore(askedIn(request, request.params.tenantId, 'exam:write'), request.params.sessionId))

  app.post('/v1/tenants/:tenantId/exams/sessions/:sessionId/end', {
    config: { publishes: 'live' }, schema: { summary: 'End a running session, with a reason', tags, params: ofSession, body: endExamSchema, response: { 200: examSessionSchema } },
  }, request => sessions.end(askedIn(request, request.params.tenantId, 'exam:write'), request.params.sessionId, request.body.reason))
}

function candidateRoutes(app: App, sessions: ExamSessions): void {
  const path = '/v1/tenants/:tenantId/exams/sessions/:sessionId'
  app.post(`${path}/start`, {
    config: { publishes: 'live' }, schema: { summary: 'Begin one\'s exam, or go on', tags, params: ofSession, response: { 200: examSessionSchema } },
  }, request => sessions.start(askedIn(request, request.params.tenantId, 'exam:take'), request.params.sessionId))

  app.put(`${path}/answers`, {
    config: { publishes: 'live' }, schema: { summary: 'Keep answers', tags, params: ofSession, body: saveAnswersSchema, response: { 200: answersSavedSchema } },
  }, request => sessions.save(askedIn(request, request.params.tenantId, 'exam:take'), request.params.sessionId, request.body))

  app.post(`${path}/submit`, {
    config: { publishes: 'live' }, schema: { summary: 'Submit one\'s exam', tags, params: ofSession, response: { 200: examSessionSchema } },
  }, request => sessions.submit(askedIn(request, request.params.tenantId, 'exam:take'), request.params.sessionId))
}

function askedForExam(request: FastifyRequest, tenantId: string, { idempotencyKey }: { idempotencyKey?: string | undefined }): Asked {
  return { ...askedIn(request, tenantId, 'exam:write'), idempotencyKey: idempotencyKeyOf(request, idempotencyKey) }
}

function readerOf(request: FastifyRequest, tenantId: string): Reader {
  const principal = guard(request, tenantId, 'exam:read')
  return { tenantId, userId: principal.userId, isProctor: isOperator(principal) || authorizeTenant(principal, tenantId, 'exam:write').allowed }
}
