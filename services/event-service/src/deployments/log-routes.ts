/** /v1/tenants/{t}/deployments/{d}/logs */

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import { appendLogsSchema, logPageSchema, logQuerySchema, logsAppendedSchema, slugSchema } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, idempotencyKeyOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { WritePath } from '../publish/write-path.ts'
import { appendLogs, readLogs, readWholeLog, type LineFormat } from './log-store.ts'
import type { LogTails } from './log-tail.ts'

const params = z.object({ tenantId: slugSchema, deploymentId: slugSchema })
const path = '/v1/tenants/:tenantId/deployments/:deploymentId/logs'
const tags = ['deployments']

/** What these routes need. */
export interface LogRoutes {
  database: Database
  writePath: WritePath
  tails: LogTails
  /** Whether the bearer of a request is still good. */
  isStillGood: (request: FastifyRequest) => Promise<boolean>
}

/** Adds the routes of deployment logs. */
export function logRoutes(app: App, { database, writePath, tails, isStillGood }: LogRoutes): void {
  app.get(path, {
    schema: {
      summary: 'Read log lines', description: 'With Accept: text/plain the whole log as text, with application/x-ndjson as an object a line, or what of it `from`, `to`, `since` and `grep` ask for; with text/event-stream the log as it grows, an event `line` each under its number (`Last-Event-ID` goes on behind one) and `end` after the last.', tags, params, querystring: logQuerySchema, response: { 200: logPageSchema },
    },
  }, async (request, reply) => {
    guard(request, request.params.tenantId, 'deploy:read')
    const form = formOf(request.headers.accept)
    if (form === 'application/json') return readLogs(database, request.params, request.query)
    const { limit: _, ...asked } = request.query
    if (form === 'text/plain' || form === 'application/x-ndjson') return sendText(reply as FastifyReply, form, await readWholeLog(database, request.params, { asked, format: formats[form] }))
    const after = lastEventId(request) ?? request.query.after
    return sendEvents(reply as FastifyReply, await tails.open({ key: request.params, after, since: request.query.since, mayGoOn: () => isStillGood(request) }))
  })

  app.post(path, {
    config: { publishes: 'kept' },
    schema: { summary: 'Append log lines', tags, params, body: appendLogsSchema, response: { 201: logsAppendedSchema } },
  }, async (request, reply) => {
    const principal = guard(request, request.params.tenantId, 'logs:write')
    return reply.code(201).send(await appendLogs(writePath, request.params, { ...request.body, actor: actorOf(principal), idempotencyKey: idempotencyKeyOf(request) }))
  })
}

const formats = { 'text/plain': line => `${line.text}\n`, 'application/x-ndjson': line => `${JSON.stringify(line)}\n` } as const satisfies Record<string, LineFormat>

function sendText(reply: FastifyReply, form: keyof typeof formats, text: AsyncIterable<string>): FastifyReply {
  return reply.type(`${form}; charset=utf-8`).send(Readable.from(text))
}

function sendEvents(reply: FastifyReply, events: AsyncIterable<string>): FastifyReply {
  return reply.type('text/event-stream').header('cache-control', 'no-store').header('x-accel-buffering', 'no').send(Readable.from(events))
}

const forms = ['application/json', 'text/plain', 'application/x-ndjson', 'text/event-stream'] as const

/** The form that is named first; JSON when none is. */
function formOf(accept = ''): (typeof forms)[number] {
  const named = forms.filter(form => accept.includes(form)).toSorted((one, other) => accept.indexOf(one) - accept.indexOf(other))
  return named[0] ?? 'application/json'
}

/** Number of the last line a reader has; what is no number of ours counts as none. */
function lastEventId({ headers }: FastifyRequest): number | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : undefined
}
