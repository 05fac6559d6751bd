/** /v1/tenants/{t}/instances/{i}/…: commands on an instance; and what a deployment would do. */

import * as z from 'zod'
import {
  commandSchema, deploymentAcceptedSchema, initialAccountSchema, instanceLogQuerySchema, instanceLogSchema, isOperator, previewQuerySchema, previewSchema, redeploySchema, slugSchema,
} from '@neo-stack/events'
import { guard, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { InitialAccounts } from './initial-account.ts'
import type { InstanceCommands } from './instance-commands.ts'
import type { InstanceLogs } from './instance-log.ts'
import { askedBy } from './routes.ts'

const inTenant = z.object({ tenantId: slugSchema })
const ofInstance = inTenant.extend({ instanceId: slugSchema })
const path = '/v1/tenants/:tenantId/instances/:instanceId'
const tags = ['deployments']

/** Adds the routes. */
export function instanceRoutes(app: App, commands: InstanceCommands, { accounts, logs }: { accounts: InitialAccounts, logs: InstanceLogs }): void {
  app.post('/v1/tenants/:tenantId/deployments/preview', {
    schema: { summary: 'What a deployment would do', tags, params: inTenant, body: previewQuerySchema, response: { 200: previewSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'deploy:read')
    return commands.preview(request.params.tenantId, request.body)
  })

  app.post(`${path}/redeploy`, {
    config: { publishes: 'kept', isBodyOptional: true },
    schema: { summary: 'Deploy an instance again', tags, params: ofInstance, body: redeploySchema, response: { 202: deploymentAcceptedSchema } },
  }, async (request, reply) => {
    const { tenantId, instanceId } = request.params
    return reply.code(202).send(await commands.redeploy(askedBy(request, tenantId, request.body), instanceId, request.body.config))
  })

  for (const verb of ['rollback', 'delete'] as const) {
    app.post(`${path}/${verb}`, {
      // Deleting makes room.
      config: { publishes: verb === 'delete' ? 'live' : 'kept', isBodyOptional: true },
      schema: { summary: summaries[verb], tags, params: ofInstance, body: commandSchema, response: { 202: deploymentAcceptedSchema } },
    }, async (request, reply) => {
      const { tenantId, instanceId } = request.params
      const command = verb === 'delete' ? commands.remove : commands.rollback
      return reply.code(202).send(await command(askedBy(request, tenantId, request.body), instanceId))
    })
  }

  app.get(`${path}/logs`, {
    schema: { summary: 'The last lines that the services of an instance print', description: 'Read where they run, without the instance\'s secrets; nothing of it is kept.', tags, params: ofInstance, querystring: instanceLogQuerySchema, response: { 200: instanceLogSchema } },
  }, async (request, reply) => {
    guard(request, request.params.tenantId, 'deploy:read')
    return reply.header('cache-control', 'no-store').send(await logs.read(request.params, request.query))
  })

  app.post(`${path}/initial-password`, {
    schema: { summary: 'Show the account that the deployment made', description: 'For owners and operators; each look is in the audit trail.', tags, params: ofInstance, response: { 200: initialAccountSchema } },
  }, async (request, reply) => {
    const principal = guard(request, request.params.tenantId, 'passwords:read')
    const account = await accounts.show({ ...request.params, actor: actorOf(principal), address: request.ip, isOperators: isOperator(principal) })
    return reply.header('cache-control', 'no-store').send(account)
  })
}

const summaries = { rollback: 'Go back to the last good version of an instance', delete: 'Delete an instance and its data' } as const
