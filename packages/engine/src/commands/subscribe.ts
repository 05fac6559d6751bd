/** `subscribe`: may this session listen here, from which position, and what did it miss. */
import { findRules, hasRight, isNamed, maySubscribe } from '../access.ts'
import { isPrivateChannel } from '../channel.ts'
import type { Request } from '../command.ts'
import type { ChannelRules } from '../config.ts'
import { disconnect } from '../disconnects.ts'
import { ERRORS, refuse } from '../errors.ts'
import { isPast } from '../expiry.ts'
import type { Claims } from '../hooks.ts'
import type { SubscribeGrant } from '../hook-shapes.ts'
import { toPermit } from '../identity.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Outcome, Refusal } from '../outcome.ts'
import { hookRequest, isClosed } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import { OPEN, begin, createSubscription } from '../subscribing.ts'
import type { Making, Permit, Wish } from '../subscribing.ts'
import { toMark, toSubscriptionGrant } from '../tokens/claims.ts'
import { ask, consult } from '../verdict.ts'

type Subscribe = Request<'subscribe'>

/** A word on the subscription, and the claims it was signed with. */
interface Permitted {
  readonly claims: Claims
  readonly permit: Permit
}

/** Decides on a subscription. */
export async function subscribe(session: Session, request: Subscribe, ports: Ports): Promise<Outcome> {
  const { channel } = request
  const rules = checkRequest(session, request, ports)
  if (isRefusal(rules)) return rules
  session.subscribing = { channel }
  const permitted = request.token === '' ? await withoutToken(session, request, { rules, ports }) : await byToken(session, request, ports)
  if (isRefusal(permitted)) return permitted
  const context = { client: session.client, user: session.user, channel, claims: permitted.claims, data: request.data, isRefresh: false }
  const veto = ports.hooks.onSubscribing && await ask(ports, { error: ERRORS.internal }, () => ports.hooks.onSubscribing?.(context))
  if (veto) return veto
  // The connection may have ended meanwhile: whatever is decided now is not written, and nothing may stay attached.
  if (isClosed(session)) return refuse('internal')
  // So may the server have subscribed the client.
  if (session.subscriptions.has(channel)) return refuse('alreadySubscribed')
  if (permitted.permit.token && ports.denials.isRevoked(permitted.permit.token)) return FAULTS.invalid
  return make(session, { channel, source: 'client', rules, permit: permitted.permit, wish: toWish(session, request, { rules, ports }) }, ports)
}

async function make(session: Session, making: Making, ports: Ports): Promise<Outcome> {
  const subscription = createSubscription(session, making)
  session.subscriptions.set(making.channel, subscription)
  ports.attach(subscription)
  const begun = await begin(subscription, making, ports)
  return isRefusal(begun) ? begun : reply({ method: 'subscribe', value: begun.value }, begun.effect)
}

function checkRequest(session: Session, request: Subscribe, { config, limiter }: Ports): ChannelRules | Refusal {
  const rules = findRules(config, request.channel)
  if (isRefusal(rules) && 'disconnect' in rules) return rules
  if (request.delta !== '' && request.delta !== 'fossil') return disconnect('badRequest')
  if (session.subscriptions.has(request.channel)) return refuse('alreadySubscribed')
  if (session.subscriptions.size >= config.client.channelLimit) return refuse('limitExceeded')
  if (isRefusal(rules)) return rules
  if (!limiter.take('subscriptions', session)) return refuse('tooManyRequests')
  if (request.tf !== undefined) return refuse('badRequest')
  return TYPES[request.type] ?? (request.type === 0 ? rules : refuse('badRequest'))
}

/** Map subscriptions and shared poll are not served; every channel here is a stream. */
const TYPES: Readonly<Record<number, Refusal>> = {
  1: refuse('permissionDenied'), 2: refuse('permissionDenied'), 3: refuse('permissionDenied'), 4: refuse('notAvailable'),
}

interface Ruled {
  readonly rules: ChannelRules
  readonly ports: Ports
}

/** The channel's name decides before the hook, the hook before the channel's options. */
async function withoutToken(session: Session, { channel, data }: Subscribe, { rules, ports }: Ruled): Promise<Permitted | Refusal> {
  const { config, hooks } = ports
  if (isPrivateChannel(channel, config.naming)) return refuse('permissionDenied')
  if (isNamed(session.user, channel, { rules, config }) === undefined && hooks.subscribe) {
    const asked = { ...hookRequest(session), channel, data }
    const answered = await consult<SubscribeGrant, Permit | Refusal>(ports, {
      failure: refuse('internal'), hook: () => hooks.subscribe?.(asked), read: grant => readGrant(grant, ports),
    })
    if (answered) return isRefusal(answered) ? answered : { claims: {}, permit: answered }
  }
  return maySubscribe(session.user, channel, { rules, config }) ? { claims: {}, permit: OPEN } : refuse('permissionDenied')
}

function readGrant(grant: SubscribeGrant, { hooks, now }: Ports): Permit | Refusal {
  const permit = toPermit(grant)
  return isPast(permit.expireAt, now()) ? refuse('expired') : { ...permit, isRefreshedByHook: hooks.subRefresh !== undefined }
}

async function byToken(session: Session, { token, channel }: Subscribe, ports: Ports): Promise<Permitted | Refusal> {
  const verified = await ports.tokens.subscription.verify(token)
  if ('fault' in verified) return FAULTS[verified.fault]
  const { claims } = verified
  const grant = toSubscriptionGrant(claims)
  if (!grant || grant.channel === '') return FAULTS.invalid
  // A good signature for somebody or something else is an attempt, not a mistake.
  const isForeign = grant.user !== session.user || grant.channel !== channel || (grant.client !== '' && grant.client !== session.client)
  if (isForeign) return disconnect('invalidToken')
  return isPast(grant.expireAt, ports.now()) ? refuse('badRequest') : { claims, permit: { ...OPEN, ...grant, token: toMark(claims, grant.user) } }
}

const FAULTS = { expired: refuse('tokenExpired'), invalid: refuse('permissionDenied'), unavailable: refuse('internal') }

/** The right to history alone lets a client ask for position and recovery (PROTOCOL 6.12). */
function toWish(session: Session, request: Subscribe, { rules, ports: { config } }: Ruled): Wish {
  const { channel, recover, offset, epoch, delta, flag } = request
  // Asked only about what is wished for: most subscribers wish for nothing.
  const may = (right: 'History' | 'Presence'): boolean => hasRight(session, channel, { right, rules, config })
  return {
    recover, offset, epoch, delta, flag,
    positioned: request.positioned && (rules.allowPositioning || may('History')),
    recoverable: request.recoverable && (rules.allowRecovery || may('History')),
    joinLeave: request.join_leave && may('Presence'),
  }
}
