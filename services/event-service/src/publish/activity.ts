/** The event that tells a tenant's people, or the operators, what somebody did. */

import { channelOf, PLATFORM_TENANT, type Actor, type Channel } from '@neo-stack/events'
import type { DraftEvent } from './write-path.ts'

/** What is told of an act. */
export interface Told {
  /** Whose trail it stands in: the tenant that is acted on. */
  tenantId: string
  actor: Actor
  /** A stable word such as `user.created`. */
  action: string
  /** What is acted on: an identifier, never a secret. */
  target: string
  /** What the trail and the event say besides. */
  detail?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
  /** An operator acts on a tenant: the event goes to the operators, and the transaction reaches every tenant's rows. @default false */
  isOperators?: boolean
}

/** The event that tells of an act. */
export function toActivity({ tenantId, actor, action, target, detail, isOperators = false }: Told): DraftEvent {
  // Operators read acts on every tenant in one list.
  const said = { ...detail, ...isOperators && { tenant: tenantId } }
  const data = { action, target, ...Object.keys(said).length > 0 && { detail: said } }
  return { channel: activityChannel(isOperators ? PLATFORM_TENANT : tenantId), type: 'activity', data, actor }
}

function activityChannel(tenantId: string): Channel {
  return tenantId === PLATFORM_TENANT ? channelOf('admin-activity') : channelOf('activity', { tenantId })
}
