/** The one place where errors become HTTP: problem details (RFC 9457). What is not ours to tell stays in the log. */

import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { ErrorCode, Fault } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { sayRate, type App } from '../http.ts'

/** Fastify's own errors by their code. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
}

/** Adds the error handler and the answer to unknown addresses; each code that is answered is told. */
export function problemsPlugin(app: App, onProblem: (code: ErrorCode) => void = () => undefined): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply => {
    onProblem(problem.code)
    return sendProblem(request, reply, problem)
  }
  app.setErrorHandler((error: FastifyError, request, reply) => answer(request, reply, toProblem(error)))
  app.setNotFoundHandler((request, reply) => answer(request, reply, new Problem('not_found', { detail: 'No such address.' })))
}

/** Sends a problem as the answer. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const isOurFault = problem.status >= 500
  if (isOurFault) request.log.error({ err: problem.cause ?? problem }, 'request failed')
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter))
  if (problem.rate) sayRate(reply, problem.rate)
  return reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify)
    .send({ ...toBody(problem), ...isOurFault && { requestId: request.id } })
}

/** The body of a problem (RFC 9457). */
export function toBody(problem: Problem): Record<string, unknown> {
  return {
    ...problem.extra,
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...problem.errors && { errors: problem.errors },
  }
}

/** Turns anything thrown in a request into a problem; the unknown becomes `internal` and keeps its cause for the log. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) return new Problem('invalid_request', { errors: error.validation.flatMap(toFaults) })
  const { code, statusCode } = error as Partial<FastifyError>
  const known = code === undefined ? undefined : fastifyCodes[code]
  if (known) return new Problem(known)
  if (statusCode === 429) return new Problem('rate_limited', { retryAfter: 1 })
  if (statusCode === 503) return new Problem('unavailable', { retryAfter: 1, cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Problem('invalid_request', { cause: error })
  return new Problem('internal', { cause: error })
}

interface Invalid {
  instancePath: string
  message?: string | undefined
  params: Record<string, unknown>
}

/** What a branch of a union found. */
interface Issue {
  path: readonly PropertyKey[]
  message: string
  keys?: readonly string[]
  errors?: readonly (readonly Issue[])[]
}

function toFaults({ instancePath, message = 'is not valid', params }: Invalid): Fault[] {
  const path = instancePath.split('/').filter(Boolean)
  return flatten({ ...params as Partial<Issue>, path, message }).map(issue => {
    const extra = issue.keys?.slice(0, 1) ?? []
    return { path: [...issue.path.map(String), ...extra].join('.'), message: issue.message }
  })
}

/** A union that fits nowhere says only that; the branch with the fewest faults is the one that was meant. */
function flatten(issue: Issue): Issue[] {
  const [nearest] = (issue.errors ?? []).toSorted((a, b) => a.length - b.length)
  if (!nearest) return [issue]
  return nearest.flatMap(inner => flatten({ ...inner, path: [...issue.path, ...inner.path] }))
}
