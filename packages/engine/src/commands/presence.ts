/** `presence` and `presence_stats`: who listens. The feature is asked before the right (PROTOCOL 6.14). */
import { findRules, hasRight } from '../access.ts'
import type { Request } from '../command.ts'
import { refuse } from '../errors.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Outcome, Refusal } from '../outcome.ts'
import { countPresence } from '../presence.ts'
import type { ClientInfo } from '../publication.ts'
import type { Ports, Session } from '../session.ts'

/** Entries of a channel by client id. */
export function presence(session: Session, { channel }: Request<'presence'>, ports: Ports): Outcome {
  const clients = entries(session, channel, ports)
  return isRefusal(clients) ? clients : reply({ method: 'presence', clients })
}

/** Numbers of clients and users of a channel. */
export function presenceStats(session: Session, { channel }: Request<'presence_stats'>, ports: Ports): Outcome {
  const clients = entries(session, channel, ports)
  return isRefusal(clients) ? clients : reply({ method: 'presence_stats', ...countPresence(clients) })
}

function entries(session: Session, channel: string, ports: Ports): ReadonlyMap<string, ClientInfo> | Refusal {
  const rules = findRules(ports.config, channel)
  if (isRefusal(rules)) return rules
  if (!rules.presence) return refuse('notAvailable')
  return hasRight(session, channel, { right: 'Presence', rules, config: ports.config }) ? ports.presence.list(channel) : refuse('permissionDenied')
}
