/** Tenants and announcements over HTTP, for operators. */

import * as z from 'zod'
import {
  announceSchema, announcementListSchema, createTenantSchema, PLATFORM_TENANT, publishedSchema, slugSchema, suspendTenantSchema, tenantCreatedSchema, tenantDetailSchema,
  tenantListQuerySchema, tenantListSchema, tenantQuotasSchema, tenantRemovedSchema, type CreateUser, type TenantRemoved, type UserCreated,
} from '@neo-stack/events'
import { askedByOperator, type Asked } from '../asked.ts'
import { guard, type App } from '../http.ts'
import { announce, listAnnouncements, withdrawAnnouncement } from './announcements.ts'
import { createTenant, getTenant, listTenants, putQuotas, setTenantState, type TenantsOptions } from './tenants.ts'

/** What the routes call. */
export interface TenantRoutes extends TenantsOptions {
  /** Deletes a tenant. */
  remove: (asked: Asked) => Promise<TenantRemoved>
  createUser: (asked: Asked, user: CreateUser) => Promise<UserCreated>
}

const tags = ['admin']
const path = '/v1/admin/tenants/:tenantId'
const params = z.strictObject({ tenantId: slugSchema })

/** Adds the routes. */
export function tenantRoutes(app: App, options: TenantRoutes): void {
  readRoutes(app, options)
  changeRoutes(app, options)
  announcementRoutes(app, options)
}

function readRoutes(app: App, { database }: TenantRoutes): void {
  app.get('/v1/admin/tenants', {
    schema: { summary: 'Tenants, by identifier', tags, querystring: tenantListQuerySchema, response: { 200: tenantListSchema } },
  }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return listTenants(database, request.query)
  })

  app.get(path, { schema: { summary: 'A tenant, its quotas and what it uses', tags, params, response: { 200: tenantDetailSchema } } }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return getTenant(database, request.params.tenantId)
  })
}

function changeRoutes(app: App, options: TenantRoutes): void {
  app.post('/v1/admin/tenants', {
    schema: { summary: 'Create a tenant, with its first owner or without', tags, body: createTenantSchema, response: { 201: tenantCreatedSchema } },
  }, async (request, reply) => {
    const { owner, ...tenant } = request.body
    const asked = askedByOperator(request, tenant.id)
    const created = await createTenant(options, asked, tenant)
    const made = owner && await options.createUser(asked, { ...owner, roles: ['owner'] })
    return reply.code(201).header('cache-control', 'no-store').send({ tenant: { ...created, users: made ? 1 : 0 }, ...made && { owner: made } })
  })

  app.post(`${path}/suspend`, {
    schema: { summary: 'Shut a tenant out at once', tags, params, body: suspendTenantSchema, response: { 200: tenantDetailSchema } }, config: { isBodyOptional: true },
  }, request => setTenantState(options, askedByOperator(request, request.params.tenantId), { state: 'suspended', ...request.body }))

  app.post(`${path}/resume`, {
    schema: { summary: 'Let a suspended tenant in again', tags, params, response: { 200: tenantDetailSchema } },
  }, request => setTenantState(options, askedByOperator(request, request.params.tenantId), { state: 'active' }))

  app.put(`${path}/quotas`, {
    schema: { summary: 'Set a tenant\'s quotas', tags, params, body: tenantQuotasSchema, response: { 200: tenantDetailSchema } },
  }, request => putQuotas(options, askedByOperator(request, request.params.tenantId), request.body))

  app.delete(path, {
    schema: { summary: 'Delete a tenant and everything of it; the answer counts what is left', tags, params, response: { 200: tenantRemovedSchema } },
  }, request => options.remove(askedByOperator(request, request.params.tenantId)))
}

function announcementRoutes(app: App, options: TenantRoutes): void {
  app.get('/v1/admin/announcements', { schema: { summary: 'Announcements, newest first', tags, response: { 200: announcementListSchema } } }, request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    return listAnnouncements(options.database)
  })

  app.post('/v1/admin/announcements', {
    schema: { summary: 'Tell everybody something', tags, body: announceSchema, response: { 201: publishedSchema } },
  }, async (request, reply) => reply.code(201).send(await announce(options.perform, askedByOperator(request, PLATFORM_TENANT), request.body)))

  app.delete('/v1/admin/announcements/:id', {
    schema: { summary: 'Take an announcement back: nobody is shown it any more', tags, params: z.strictObject({ id: z.uuid() }), response: { 204: z.null() } },
  }, async (request, reply) => {
    await withdrawAnnouncement(options.perform, { asked: askedByOperator(request, PLATFORM_TENANT), database: options.database }, request.params.id)
    return reply.code(204).send(null)
  })
}
