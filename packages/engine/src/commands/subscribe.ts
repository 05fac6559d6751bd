/** `subscribe`: may this session listen here, from which position, and what did it miss. */
import { findRules, hasRight, keepsHistory, maySubscribe } from '../access.ts'
import type { History } from '../broker.ts'
import type { Request } from '../command.ts'
import type { ChannelRules } from '../config.ts'
import { ERRORS } from '../errors.ts'
import { isPast, toDeadline, toExpiry } from '../expiry.ts'
import type { Claims } from '../hooks.ts'
import { disconnect, isRefusal, refuse, reply } from '../outcome.ts'
import type { Outcome, Refusal } from '../outcome.ts'
import { REJECT_UNRECOVERED, recover } from '../recovery.ts'
import type { Recovery } from '../recovery.ts'
import { clientInfo, isClosed } from '../session.ts'
import type { Ports, Session, Subscription } from '../session.ts'
import { toSubscriptionGrant } from '../tokens/claims.ts'
import type { SubscriptionGrant } from '../tokens/claims.ts'
import { ask } from '../verdict.ts'

type Subscribe = Request<'subscribe'>

/** A token's word on a subscription, or nobody's. */
interface Permit {
  readonly claims: Claims
  readonly grant: Pick<SubscriptionGrant, 'info' | 'expireAt'>
}

const OPEN: Permit = { claims: {}, grant: { info: undefined, expireAt: 0 } }

/** Decides on a subscription. */
export async function subscribe(session: Session, request: Subscribe, ports: Ports): Promise<Outcome> {
  const { channel } = request
  const rules = checkRequest(session, request, ports)
  if (isRefusal(rules)) return rules
  session.subscribing = { channel }
  const permit = request.token === '' ? open(session, channel, rules) : await permitted(session, request, ports)
  if (isRefusal(permit)) return permit
  const context = { client: session.client, user: session.user, channel, claims: permit.claims, data: request.data, isRefresh: false }
  const veto = await ask(ports, { error: ERRORS.internal }, () => ports.hooks.onSubscribing?.(context))
  if (veto) return veto
  // The connection may have ended meanwhile: whatever is decided now is not written, and nothing may stay attached.
  if (isClosed(session)) return refuse('internal')
  const subscription = createSubscription(session, request, { rules, permit, ports })
  session.subscriptions.set(channel, subscription)
  ports.attach(subscription)
  return begin(subscription, request, { ports, expireAt: permit.grant.expireAt })
}

function checkRequest(session: Session, request: Subscribe, { config }: Ports): ChannelRules | Refusal {
  const rules = findRules(config, request.channel)
  if (isRefusal(rules) && 'disconnect' in rules) return rules
  if (request.delta !== '' && request.delta !== 'fossil') return disconnect('badRequest')
  if (session.subscriptions.has(request.channel)) return refuse('alreadySubscribed')
  if (session.subscriptions.size >= config.client.channelLimit) return refuse('limitExceeded')
  if (isRefusal(rules)) return rules
  if (request.tf !== undefined) return refuse('badRequest')
  return TYPES[request.type] ?? (request.type === 0 ? rules : refuse('badRequest'))
}

/** Map subscriptions and shared poll are not served; every channel here is a stream. */
const TYPES: Readonly<Record<number, Refusal>> = {
  1: refuse('permissionDenied'), 2: refuse('permissionDenied'), 3: refuse('permissionDenied'), 4: refuse('notAvailable'),
}

function open(session: Session, channel: string, rules: ChannelRules): Permit | Refusal {
  return maySubscribe(session, channel, rules) ? OPEN : refuse('permissionDenied')
}

async function permitted(session: Session, { token, channel }: Subscribe, ports: Ports): Promise<Permit | Refusal> {
  const verified = await ports.tokens.subscription.verify(token)
  if ('fault' in verified) return FAULTS[verified.fault]
  const grant = toSubscriptionGrant(verified.claims)
  if (!grant || grant.channel === '') return FAULTS.invalid
  // A good signature for somebody or something else is an attempt, not a mistake.
  const isForeign = grant.user !== session.user || grant.channel !== channel || (grant.client !== '' && grant.client !== session.client)
  if (isForeign) return disconnect('invalidToken')
  return isPast(grant.expireAt, ports.now()) ? refuse('badRequest') : { claims: verified.claims, grant }
}

const FAULTS = { expired: refuse('tokenExpired'), invalid: refuse('permissionDenied'), unavailable: refuse('internal') }

interface Making {
  readonly rules: ChannelRules
  readonly permit: Permit
  readonly ports: Ports
}

/** The right to history alone lets a client ask for position and recovery (PROTOCOL 6.12). */
function createSubscription(session: Session, request: Subscribe, { rules, permit }: Making): Subscription {
  const { channel } = request
  const mayRead = hasRight(session, channel, { right: 'History', rules })
  const maySeeOthers = hasRight(session, channel, { right: 'Presence', rules })
  const isRecoverable = rules.forceRecovery || ((rules.allowRecovery || mayRead) && request.recoverable)
  return {
    channel, rules, isRecoverable,
    receiver: session.receiver,
    info: clientInfo(session, permit.grant.info),
    isPositioned: isRecoverable || rules.forcePositioning || ((rules.allowPositioning || mayRead) && request.positioned),
    wantsJoinLeave: rules.joinLeave && (rules.forcePushJoinLeave || (request.join_leave && maySeeOthers)),
    offset: 0, epoch: '', expireAt: toDeadline(permit.grant.expireAt), pending: [],
  }
}

interface Beginning {
  readonly ports: Ports
  readonly expireAt: number
}

async function begin(subscription: Subscription, request: Subscribe, { ports, expireAt }: Beginning): Promise<Outcome> {
  const base = { ...toExpiry(expireAt, ports.now()), ...(request.recover && { wasRecovering: true }) }
  const { isPositioned, isRecoverable } = subscription
  if (!isPositioned) return reply({ method: 'subscribe', value: base }, { type: 'subscribed', subscription })
  const recovery = await readPosition(subscription, request, ports)
  if (isRefusal(recovery)) return recovery
  if (request.recover && !recovery.isRecovered && isRecoverable && (request.flag & REJECT_UNRECOVERED) !== 0) {
    return refuse('unrecoverablePosition')
  }
  const { top, offset, publications, isRecovered } = recovery
  Object.assign(subscription, top)
  const value = { ...base, positioned: true, recoverable: isRecoverable, epoch: top.epoch, offset, publications, recovered: isRecovered }
  const counted = request.recover && isRecoverable ? { isRecovered } : {}
  return reply({ method: 'subscribe', value }, { type: 'subscribed', subscription, ...counted })
}

async function readPosition(subscription: Subscription, request: Subscribe, ports: Ports): Promise<Recovery | Refusal> {
  const wanted = request.recover && subscription.isRecoverable ? { offset: request.offset, epoch: request.epoch } : undefined
  const limit = wanted && keepsHistory(subscription.rules) ? ports.config.client.recoveryMaxPublicationLimit : 0
  try {
    const history: History = await ports.broker.history(subscription.channel, { limit, since: wanted }, subscription.rules)
    return recover(history, wanted)
  } catch (error) {
    ports.onFault(error)
    return refuse('internal')
  }
}
