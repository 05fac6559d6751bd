/** Where an alert leads in the portals. Pure. */

import { PLATFORM_TENANT, type ToldAlert } from '@neo-stack/events'
import type { AlertAddresses } from './letter.ts'

/** Ten minutes around an alert, in seconds. */
const AROUND_SECONDS = 600

/**
 * The range of an alert on its chart, and the deployments around it. What operators are told of a tenant's alert leads to that
 * tenant and its deployments.
 * @param publicUrl address of the portals @param toldTenant who is told
 */
export function linksOf(publicUrl: string, toldTenant: string, { time, metric, tenantId }: Pick<ToldAlert, 'time' | 'metric' | 'tenantId'>): AlertAddresses {
  const at = Math.floor(Date.parse(time) / 1000)
  const [from, to] = [at - AROUND_SECONDS, at + AROUND_SECONDS]
  const [first = '', last = ''] = [from, to].map(second => new Date(second * 1000).toISOString())
  const chart = `metrics?${new URLSearchParams({ from: String(from), to: String(to), ...metric !== undefined && { figure: metric } }).toString()}`
  if (toldTenant !== PLATFORM_TENANT) {
    const history = new URLSearchParams({ q: `type:deployment* after:${first.slice(0, 19)} before:${last.slice(0, 19)}` })
    return { url: `${publicUrl}/tenant/${chart}`, deploymentsUrl: `${publicUrl}/tenant/history?${history.toString()}` }
  }
  const deployments = new URLSearchParams({ from: first, to: last, ...tenantId !== undefined && { tenant: tenantId } })
  return { url: `${publicUrl}/admin/${tenantId === undefined ? chart : `tenants/${tenantId}`}`, deploymentsUrl: `${publicUrl}/admin/deployments?${deployments.toString()}` }
}
