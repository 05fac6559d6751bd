/** May a page of this origin connect? Browsers send Origin, other clients need not. Source: PROTOCOL 1.4, 6.4. */
import type { IncomingHttpHeaders } from 'node:http'

/** With a list only what is listed passes; without one the origin must be the host that was asked. */
export function isOriginAllowed(headers: IncomingHttpHeaders, allowed: readonly string[] | '*' | undefined): boolean {
  const { origin, host } = headers
  if (origin === undefined || allowed === '*') return true
  const given = origin.toLowerCase()
  if (allowed !== undefined) return allowed.some(entry => entry === '*' || entry.toLowerCase() === given)
  return URL.canParse(given) && new URL(given).host === host?.toLowerCase()
}
