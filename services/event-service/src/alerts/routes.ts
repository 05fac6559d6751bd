/** A tenant's alerts over HTTP, as the log tells them: raised and resolved events of one alert are one line. */

import * as z from 'zod'
import { alertListSchema, formatChannel, severitySchema, slugSchema, type AlertList } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { guard, type App } from '../http.ts'

/** Newest events of the log that the list is made of. */
const MAX_EVENTS = 200

type Alert = AlertList['alerts'][number]

/** Adds the routes. */
export function alertRoutes(app: App, database: Database): void {
  app.get('/v1/tenants/:tenantId/alerts', {
    schema: { summary: 'Alerts of a tenant, newest first', tags: ['alerts'], params: z.object({ tenantId: slugSchema }), response: { 200: alertListSchema } },
  }, request => {
    guard(request, request.params.tenantId, 'alerts:read')
    return listAlerts(database, request.params.tenantId)
  })
}

async function listAlerts(database: Database, tenantId: string): Promise<AlertList> {
  const channel = formatChannel('alerts', { tenantId })
  const rows = await database.inTenant(tenantId, tx => tx.selectFrom('events').select(['id', 'seq', 'type', 'time', 'data'])
    .where('channel', '=', channel).orderBy('seq', 'desc').limit(MAX_EVENTS).execute(), { snapshot: true })
  const alerts = new Map<string, Alert>()
  for (const { id, type, time, data } of rows.toReversed()) {
    const severity = severitySchema.safeParse(data['severity'])
    // An erased event keeps its number and says nothing.
    if (!severity.success) continue
    const key = typeof data['alertId'] === 'string' ? data['alertId'] : id
    const known = alerts.get(key)
    const said = time.toISOString()
    alerts.set(key, {
      id: key, severity: severity.data, message: String(data['message']), time: known?.time ?? said,
      ...type === 'alert_resolved' ? { state: 'resolved', resolvedAt: said } : { state: 'firing' },
    })
  }
  return { alerts: [...alerts.values()].reverse(), logEpoch: database.logEpoch, seq: Number(rows[0]?.seq ?? 0) }
}
