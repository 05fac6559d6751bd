/** `sub_refresh`: a new token for a subscription that exists. */
import { findRules } from '../access.ts'
import type { Request } from '../command.ts'
import { disconnect } from '../disconnects.ts'
import { ERRORS, refuse } from '../errors.ts'
import { isPast, toDeadline, toExpiry } from '../expiry.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import type { Ports, Session, Subscription } from '../session.ts'
import { renewSubscription } from '../renewal.ts'
import { toMark, toSubscriptionGrant } from '../tokens/claims.ts'
import type { SubscriptionGrant } from '../tokens/claims.ts'
import { UNSUBSCRIBES } from '../unsubscribes.ts'
import { ask } from '../verdict.ts'

/** Moves the expiry of a subscription. Source: PROTOCOL 6.18. */
export async function subRefresh(session: Session, request: Request<'sub_refresh'>, ports: Ports): Promise<Outcome> {
  const { channel, token } = request
  const rules = findRules(ports.config, channel)
  if (isRefusal(rules)) return rules
  if (request.type !== 0) return refuse('notAvailable')
  const { hooks } = ports
  if (token === '' && !hooks.subRefresh) return refuse('badRequest')
  const subscription = session.subscriptions.get(channel)
  if (!subscription) return refuse('permissionDenied')
  if (token === '') return byHook(session, subscription, ports)
  const verified = await ports.tokens.subscription.verify(token)
  if ('fault' in verified) return verified.fault === 'expired' ? end(subscription) : FAULTS[verified.fault]
  const grant = toSubscriptionGrant(verified.claims)
  if (!grant || !isFor(grant, session, channel)) return disconnect('invalidToken')
  const mark = toMark(verified.claims, grant.user)
  if (ports.denials.isRevoked(mark)) return disconnect('invalidToken')
  if (isPast(grant.expireAt, ports.now())) return end(subscription)
  const context = { client: session.client, user: session.user, channel, claims: verified.claims, data: undefined, isRefresh: true }
  const veto = await ask(ports, { error: ERRORS.internal }, () => ports.hooks.onSubscribing?.(context))
  if (veto) return veto
  subscription.token = mark
  return extend(subscription, grant.expireAt, ports)
}

async function byHook(session: Session, subscription: Subscription, ports: Ports): Promise<Outcome> {
  const renewed = await renewSubscription(session, subscription, ports)
  if (renewed === undefined) return refuse('badRequest')
  if (typeof renewed === 'object') return renewed
  if (!renewed) return end(subscription)
  const value = subscription.isRefreshedByHook || subscription.expireAt === Infinity ? {} : toExpiry(subscription.expireAt / 1000, ports.now())
  return reply({ method: 'sub_refresh', value }, { type: 'expiryChanged' })
}

const FAULTS = { invalid: disconnect('invalidToken'), unavailable: refuse('internal') }

function isFor(grant: SubscriptionGrant, { user, client }: Session, channel: string): boolean {
  return grant.user === user && grant.channel === channel && (grant.client === '' || grant.client === client)
}

/** The real server forgets to; an expired subscription must not live on (PROTOCOL, faults not to copy). */
function end(subscription: Subscription): Outcome {
  return reply({ method: 'sub_refresh', value: {} }, { type: 'ended', subscription, unsubscribe: UNSUBSCRIBES.expired })
}

function extend(subscription: Subscription, expireAt: number, ports: Ports): Outcome {
  subscription.expireAt = toDeadline(expireAt)
  return reply({ method: 'sub_refresh', value: toExpiry(expireAt, ports.now()) }, { type: 'expiryChanged' })
}
