/** Where an alert leads in the portals: said once, for pages, letters and webhooks. Pure. */

/** What is known of the alert; `tenantId` where operators are told of a tenant's, times in ISO 8601. */
interface PlacedAlert {
  time: string
  resolvedAt?: string | undefined
  metric?: string | undefined
  tenantId?: string | undefined
}

/** A page of a portal and what its address asks for. */
export interface PortalPlace {
  path: string
  query: Record<string, string>
}

/** Ten minutes around an alert, in seconds. */
const AROUND_SECONDS = 600

/**
 * The alert's range on its chart – ten minutes around all of it –, and the deployments within ten minutes of its beginning. What operators
 * are told of a tenant's alert leads to that tenant and its deployments: their own chart does not have it.
 */
export function alertPlaces({ time, resolvedAt = time, metric, tenantId }: PlacedAlert, { isOperators }: { isOperators: boolean }): { chart: PortalPlace, deployments: PortalPlace } {
  const [began, ended] = [time, resolvedAt].map(moment => Math.floor(Date.parse(moment) / 1000)) as [number, number]
  const chart = { path: '/metrics', query: { from: String(began - AROUND_SECONDS), to: String(ended + AROUND_SECONDS), ...metric !== undefined && { figure: metric } } }
  const [first, last] = [began - AROUND_SECONDS, began + AROUND_SECONDS].map(second => new Date(second * 1000).toISOString()) as [string, string]
  if (!isOperators) return { chart, deployments: { path: '/history', query: { q: `type:deployment* after:${first.slice(0, 19)} before:${last.slice(0, 19)}` } } }
  const deployments = { path: '/deployments', query: { from: first, to: last, ...tenantId !== undefined && { tenant: tenantId } } }
  return { chart: tenantId === undefined ? chart : { path: `/tenants/${tenantId}`, query: {} }, deployments }
}
