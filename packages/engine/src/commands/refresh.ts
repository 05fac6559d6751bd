/** `refresh`: a new connection token for the same user. */
import type { Request } from '../command.ts'
import { DISCONNECTS, disconnect } from '../disconnects.ts'
import { refuse } from '../errors.ts'
import { isPast, toDeadline, toExpiry } from '../expiry.ts'
import { denialOf } from '../identity.ts'
import { reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { areTokenChannelsOther } from '../server-side.ts'
import type { Ports, Session } from '../session.ts'
import { toConnectionGrant, toMark } from '../tokens/claims.ts'
import { ask } from '../verdict.ts'

/** Moves the expiry of a connection; an expired token ends it at once, so do other server-side channels. Source: PROTOCOL 6.19. */
export async function refresh(session: Session, { token: given }: Request<'refresh'>, ports: Ports): Promise<Outcome> {
  if (given === '') return disconnect('badRequest')
  const verified = await ports.tokens.connection.verify(given)
  if ('fault' in verified) return FAULTS[verified.fault]
  const { claims } = verified
  const grant = toConnectionGrant(claims, ports.config.client.token?.userIdClaim)
  if (grant?.user !== session.user) return disconnect('invalidToken')
  const token = toMark(claims, grant.user)
  const denial = denialOf(token, ports)
  if (denial) return { disconnect: denial }
  if (isPast(grant.expireAt, ports.now())) return disconnect('expired')
  if (areTokenChannelsOther(session, grant.subs.keys())) return disconnect('insufficientState')
  const { client, user } = session
  const context = { client, user, claims, data: undefined, isRefresh: true }
  const veto = await ask(ports, { disconnect: DISCONNECTS.serverError }, () => ports.hooks.onConnecting?.(context))
  if (veto) return veto
  if (grant.meta !== undefined) session.meta = grant.meta
  session.token = token
  session.expireAt = toDeadline(grant.expireAt)
  return reply({ method: 'refresh', value: toExpiry(grant.expireAt, ports.now()) }, { type: 'expiryChanged' })
}

const FAULTS = { expired: disconnect('expired'), invalid: disconnect('invalidToken'), unavailable: refuse('internal') }
