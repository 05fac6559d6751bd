/** Who may be in which portal, and where a person goes after signing in. Pure. */
import type { User } from '@neo-stack/events'
import { PLATFORM_TENANT } from '@neo-stack/events'

/** Name of a portal. */
export type PortalName = 'tenant' | 'admin' | 'certification'

/** Operators use the admin portal, everybody else the others. */
export function belongsHere({ tenantId }: Pick<User, 'tenantId'>, portal: PortalName): boolean {
  return (tenantId === PLATFORM_TENANT) === (portal === 'admin')
}

/** The wished path when it is one of this portal, else its start: never another site. */
export function toInnerPath(wished: unknown): string {
  return typeof wished === 'string' && /^\/(?![/\\])/.test(wished) && !wished.startsWith('/sign-in') ? wished : '/'
}
