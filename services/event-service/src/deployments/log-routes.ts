/** /v1/tenants/{t}/deployments/{d}/logs */

import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import * as z from 'zod'
import { appendLogsSchema, logPageSchema, logQuerySchema, logsAppendedSchema, slugSchema } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { WritePath } from '../publish/write-path.ts'
import { appendLogs, readLogs, readRawLog } from './log-store.ts'

const params = z.object({ tenantId: slugSchema, deploymentId: slugSchema })
const path = '/v1/tenants/:tenantId/deployments/:deploymentId/logs'
const tags = ['deployments']

/** Adds the routes of deployment logs. */
export function logRoutes(app: App, database: Database, writePath: WritePath): void {
  app.get(path, {
    schema: {
      summary: 'Read log lines', description: 'With Accept: text/plain the whole log as text.', tags, params, querystring: logQuerySchema, response: { 200: logPageSchema },
    },
  }, async (request, reply) => {
    guard(request, request.params.tenantId, 'deploy:read')
    if (!wantsText(request.headers.accept)) return readLogs(database, request.params, request.query)
    return sendText(reply as FastifyReply, await readRawLog(database, request.params))
  })

  app.post(path, {
    schema: { summary: 'Append log lines', tags, params, body: appendLogsSchema, response: { 201: logsAppendedSchema } },
  }, async (request, reply) => {
    const principal = guard(request, request.params.tenantId, 'logs:write')
    return reply.code(201).send(await appendLogs(writePath, request.params, { ...request.body, actor: actorOf(principal) }))
  })
}

function sendText(reply: FastifyReply, text: AsyncIterable<string>): FastifyReply {
  return reply.type('text/plain; charset=utf-8').send(Readable.from(text))
}

/** Whether plain text is named before JSON. */
function wantsText(accept = ''): boolean {
  const [text, json] = [accept.indexOf('text/plain'), accept.indexOf('application/json')]
  return text !== -1 && (json === -1 || text < json)
}
