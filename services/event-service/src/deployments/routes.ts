/** /v1/tenants/{t}/instances and /v1/tenants/{t}/deployments */

import * as z from 'zod'
import {
  adminDeploymentListSchema, adminDeploymentQuerySchema, adminInstanceListSchema, adminInstanceQuerySchema, commandSchema, createDeploymentSchema, deploymentAcceptedSchema, deploymentListQuerySchema, deploymentListSchema, deploymentSnapshotSchema, instanceListSchema, PLATFORM_TENANT, slugSchema, stackListSchema, type Stack,
} from '@neo-stack/events'
import type { FastifyRequest } from 'fastify'
import type { Database } from '../database/database.ts'
import { guard, idempotencyKeyOf, type App } from '../http.ts'
import { actorOf } from '../publish/publish.ts'
import type { DeploymentCommands } from './commands.ts'
import type { Asked } from './enqueue.ts'
import { listDeploymentsEverywhere, listInstancesEverywhere } from './everywhere.ts'
import { getDeployment, listDeployments, listInstances } from './snapshots.ts'

/** Parameters of a tenant's routes. */
const inTenant = z.object({ tenantId: slugSchema })

/** Parameters of a deployment's routes. */
const ofDeployment = inTenant.extend({ deploymentId: slugSchema })

const tags = ['deployments']

/** Adds the routes that read deployments and instances. @param stacks those that can be deployed */
export function deploymentRoutes(app: App, database: Database, stacks: readonly Stack[] = []): void {
  app.get('/v1/tenants/:tenantId/stacks', {
    schema: { summary: 'List the stacks that can be deployed', tags, params: inTenant, response: { 200: stackListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'deploy:read')
    return { stacks: [...stacks] }
  })

  app.get('/v1/tenants/:tenantId/instances', {
    schema: { summary: 'List instances', tags, params: inTenant, response: { 200: instanceListSchema } },
  }, async request => {
    guard(request, request.params.tenantId, 'deploy:read')
    return { instances: await listInstances(database, request.params.tenantId) }
  })

  app.get('/v1/tenants/:tenantId/deployments', {
    schema: { summary: 'List deployments, newest first', tags, params: inTenant, querystring: deploymentListQuerySchema, response: { 200: deploymentListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'deploy:read')
    return listDeployments(database, request.params.tenantId, request.query)
  })

  app.get('/v1/tenants/:tenantId/deployments/:deploymentId', {
    schema: { summary: 'Get a deployment', tags, params: ofDeployment, response: { 200: deploymentSnapshotSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'deploy:read')
    return getDeployment(database, request.params)
  })
}

/** Adds the routes that read those of every tenant. */
export function everywhereRoutes(app: App, database: Database): void {
  app.get('/v1/admin/deployments', {
    schema: { summary: 'Deployments of every tenant, or of one, newest first', tags, querystring: adminDeploymentQuerySchema, response: { 200: adminDeploymentListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    request.auditedRead = { tenantId: request.query.tenantId ?? PLATFORM_TENANT, permission: 'deploy:read' }
    return listDeploymentsEverywhere(database, request.query)
  })

  app.get('/v1/admin/instances', {
    schema: { summary: 'Instances of every tenant, or of one, those that failed first', tags, querystring: adminInstanceQuerySchema, response: { 200: adminInstanceListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    request.auditedRead = { tenantId: request.query.tenantId ?? PLATFORM_TENANT, permission: 'deploy:read' }
    return listInstancesEverywhere(database, request.query)
  })
}

/** Adds the routes that command deployments. */
export function commandRoutes(app: App, commands: DeploymentCommands): void {
  app.post('/v1/tenants/:tenantId/deployments', {
    config: { publishes: 'kept' },
    schema: { summary: 'Deploy', tags, params: inTenant, body: createDeploymentSchema, response: { 202: deploymentAcceptedSchema } },
  }, async (request, reply) => {
    const { idempotencyKey, reason, ...order } = request.body
    return reply.code(202).send(await commands.create(askedBy(request, request.params.tenantId, { idempotencyKey, reason }), order))
  })

  app.post('/v1/tenants/:tenantId/deployments/:deploymentId/cancel', {
    config: { publishes: 'live', isBodyOptional: true },
    schema: { summary: 'Cancel a deployment', tags, params: ofDeployment, body: commandSchema, response: { 202: deploymentAcceptedSchema } },
  }, async (request, reply) => {
    const { tenantId, deploymentId } = request.params
    return reply.code(202).send(await commands.cancel(askedBy(request, tenantId, request.body), deploymentId))
  })

  app.post('/v1/tenants/:tenantId/deployments/:deploymentId/retry', {
    config: { publishes: 'kept', isBodyOptional: true },
    schema: { summary: 'Deploy again what failed or was cancelled', tags, params: ofDeployment, body: commandSchema, response: { 202: deploymentAcceptedSchema } },
  }, async (request, reply) => {
    const { tenantId, deploymentId } = request.params
    return reply.code(202).send(await commands.retry(askedBy(request, tenantId, request.body), deploymentId))
  })
}

/** Who asks for a command. @throws {Problem} unless they may deploy in the tenant */
export function askedBy(request: FastifyRequest, tenantId: string, { idempotencyKey, reason }: Pick<Asked, 'idempotencyKey' | 'reason'>): Asked {
  const principal = guard(request, tenantId, 'deploy:write')
  return { tenantId, actor: actorOf(principal), address: request.ip, reason, idempotencyKey: idempotencyKeyOf(request, idempotencyKey) }
}
