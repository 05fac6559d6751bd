/** The audit trail over HTTP: an owner's of the tenant, the operators' of all. */

import * as z from 'zod'
import {
  adminAuditQuerySchema, auditPageSchema, auditQuerySchema, auditVerificationSchema, auditVerificationsSchema, PLATFORM_TENANT, slugSchema,
} from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, type App } from '../http.ts'
import { listAudit, verifyAllAudit, verifyAudit } from './audit.ts'

const tags = ['audit']
const params = z.strictObject({ tenantId: slugSchema })

/** Adds the routes. */
export function auditRoutes(app: App, database: Database): void {
  app.get('/v1/tenants/:tenantId/audit', {
    schema: { summary: 'Who did what in a tenant, newest first', tags, params, querystring: auditQuerySchema, response: { 200: auditPageSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'audit:read')
    return listAudit(database, request.params.tenantId, request.query)
  })

  app.get('/v1/tenants/:tenantId/audit/verification', {
    schema: { summary: 'Whether the tenant\'s trail is whole', tags, params, response: { 200: auditVerificationSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'audit:read')
    return verifyAudit(database, request.params.tenantId)
  })

  app.get('/v1/admin/audit', {
    schema: { summary: 'Who did what in every tenant, or in one, newest first', tags, querystring: adminAuditQuerySchema, response: { 200: auditPageSchema } },
  }, request => {
    const { tenantId, ...search } = request.query
    guard(request, PLATFORM_TENANT, 'admin:*')
    request.auditedRead = { tenantId: tenantId ?? PLATFORM_TENANT, permission: 'audit:read' }
    return listAudit(database, tenantId, search)
  })

  app.get('/v1/admin/audit/verification', {
    schema: { summary: 'Whether every trail is whole', tags, response: { 200: auditVerificationsSchema } },
  }, async request => {
    guard(request, PLATFORM_TENANT, 'admin:*')
    const chains = await verifyAllAudit(database)
    return { isWhole: chains.every(({ isWhole }) => isWhole), chains }
  })
}
