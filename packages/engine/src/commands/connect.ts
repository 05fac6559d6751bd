/** `connect`: who is this, and until when. Must be the first command; after an error reply the session is refused for good. */
import type { Request } from '../command.ts'
import { DISCONNECTS, disconnect } from '../disconnects.ts'
import { refuse } from '../errors.ts'
import { isPast, toDeadline, toExpiry } from '../expiry.ts'
import { denialOf, identify } from '../identity.ts'
import type { Identity } from '../identity.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Effect, Outcome } from '../outcome.ts'
import type { ConnectResult, SubscribeResult } from '../reply.ts'
import { beginServerSide, serverSubscriptions } from '../server-side.ts'
import { isClosed } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import type { Making } from '../subscribing.ts'
import { clientLabel } from '../meters.ts'
import { ask } from '../verdict.ts'

type Connect = Request<'connect'>

/** Decides on a connection. */
export async function connect(session: Session, request: Connect, ports: Ports): Promise<Outcome> {
  if (session.status !== 'new') return disconnect('badRequest')
  session.status = 'connecting'
  const outcome = await admit(session, request, ports)
  session.headers = undefined
  if (!isClosed(session)) session.status = isRefusal(outcome) ? 'refused' : 'connected'
  return outcome
}

async function admit(session: Session, request: Connect, ports: Ports): Promise<Outcome> {
  const identity = await identify(session, request, ports)
  if (isRefusal(identity)) return identity
  if (isPast(identity.expireAt, ports.now())) return refuse('expired')
  const denial = denialOf(identity.token, ports)
  if (denial) return { disconnect: denial }
  const { client } = session
  const group = ports.groupOf(identity)
  if (!ports.limiter.take('connections', { user: identity.user, group })) return refuse('tooManyRequests')
  const context = { client, user: identity.user, claims: identity.claims, data: request.data, isRefresh: false }
  const veto = ports.hooks.onConnecting && await ask(ports, { disconnect: DISCONNECTS.serverError }, () => ports.hooks.onConnecting?.(context))
  if (veto) return veto
  const makings = serverSubscriptions(identity, request, ports)
  if (isRefusal(makings)) return makings
  // The connection may have ended meanwhile: whatever is decided now is not written, and nothing may stay attached.
  if (isClosed(session)) return refuse('internal')
  session.group = group
  session.clientName = clientLabel(request.name)
  return welcome(session, { identity, makings }, ports)
}

interface Admitted {
  readonly identity: Identity
  readonly makings: readonly Making[]
}

async function welcome(session: Session, { identity, makings }: Admitted, ports: Ports): Promise<Outcome> {
  session.user = identity.user
  session.info = identity.info
  session.meta = identity.meta
  session.token = identity.token
  session.expireAt = toDeadline(identity.expireAt)
  session.isRefreshedByHook = ports.hooks.refresh !== undefined
  const subs = new Map<string, SubscribeResult>()
  const effects: Effect[] = [{ type: 'connected' }]
  const all = makings.length > 0 ? await Promise.all(makings.map(making => beginServerSide(session, making, ports))) : []
  for (const begun of all) {
    if (isRefusal(begun)) return disconnect('serverError')
    subs.set(begun.effect.subscription.channel, begun.value)
    effects.push(begun.effect)
  }
  return reply({ method: 'connect', value: toResult(session, { identity, subs }, ports) }, ...effects)
}

interface Welcomed {
  readonly identity: Identity
  readonly subs: ReadonlyMap<string, SubscribeResult>
}

function toResult(session: Session, { identity, subs }: Welcomed, { config, now }: Ports): ConnectResult {
  const { pingInterval, connectIncludeServerTime } = config.client
  const ping = session.hasNativePing ? {} : { ping: Math.max(1, Math.round(pingInterval / 1000)), pong: true }
  return {
    client: session.client, version: config.version,
    ...!session.isRefreshedByHook && toExpiry(identity.expireAt, now()),
    ...ping, ...session.transport.emulation,
    ...connectIncludeServerTime && { time: now() },
    ...identity.data !== undefined && { data: identity.data },
    ...subs.size > 0 && { subs },
  }
}
