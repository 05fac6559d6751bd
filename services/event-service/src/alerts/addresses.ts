/** Where an alert leads in the portals, as addresses. Pure. */

import { alertPlaces, PLATFORM_TENANT, type PortalPlace, type ToldAlert } from '@neo-stack/events'
import type { AlertAddresses } from './letter.ts'

/**
 * The range of an alert on its chart, and the deployments around it.
 * @param publicUrl address of the portals @param toldTenant who is told
 */
export function linksOf(publicUrl: string, toldTenant: string, { time, metric, tenantId }: Pick<ToldAlert, 'time' | 'metric' | 'tenantId'>): AlertAddresses {
  const isOperators = toldTenant === PLATFORM_TENANT
  const { chart, deployments } = alertPlaces({ time, metric, tenantId }, { isOperators })
  const toAddress = ({ path, query }: PortalPlace): string => `${publicUrl}/${isOperators ? 'admin' : 'tenant'}${path}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query).toString()}` : ''}`
  return { url: toAddress(chart), deploymentsUrl: toAddress(deployments) }
}
