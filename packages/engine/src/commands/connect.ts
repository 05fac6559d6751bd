/** `connect`: who is this, and until when. Must be the first command; after an error reply the session is refused for good. */
import type { Request } from '../command.ts'
import { DISCONNECTS } from '../disconnects.ts'
import { isPast, toDeadline, toExpiry } from '../expiry.ts'
import type { Claims } from '../hooks.ts'
import { disconnect, isRefusal, refuse, reply } from '../outcome.ts'
import type { Outcome, Refusal } from '../outcome.ts'
import { isClosed } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import { toConnectionGrant } from '../tokens/claims.ts'
import type { ConnectionGrant } from '../tokens/claims.ts'
import type { Verified } from '../tokens/verifier.ts'
import { ask } from '../verdict.ts'

/** Claims as signed and what they mean. */
interface Identity {
  readonly claims: Claims
  readonly grant: ConnectionGrant
}

const ANONYMOUS: Identity = { claims: {}, grant: { user: '', info: undefined, expireAt: 0, channels: [], meta: undefined } }

/** Decides on a connection. */
export async function connect(session: Session, request: Request<'connect'>, ports: Ports): Promise<Outcome> {
  if (session.status !== 'new') return disconnect('badRequest')
  session.status = 'connecting'
  const outcome = await admit(session, request, ports)
  if (!isClosed(session)) session.status = isRefusal(outcome) ? 'refused' : 'connected'
  return outcome
}

async function admit(session: Session, request: Request<'connect'>, ports: Ports): Promise<Outcome> {
  const identity = request.token === '' ? anonymous(ports) : identify(await ports.tokens.connection.verify(request.token))
  if (isRefusal(identity)) return identity
  const { grant, claims } = identity
  if (isPast(grant.expireAt, ports.now())) return refuse('expired')
  // Server-side subscriptions are not served: better no connection than one that silently lacks its channels.
  if (grant.channels.length > 0) return refuse('notAvailable')
  const { client } = session
  const context = { client, user: grant.user, claims, data: request.data, isRefresh: false }
  const veto = await ask(ports, { disconnect: DISCONNECTS.serverError }, () => ports.hooks.onConnecting?.(context))
  return veto ?? welcome(session, grant, ports)
}

function anonymous({ config }: Ports): Identity | Refusal {
  return config.client.allowAnonymousConnectWithoutToken ? ANONYMOUS : disconnect('badRequest')
}

function identify(verified: Verified): Identity | Refusal {
  if ('fault' in verified) return FAULTS[verified.fault]
  const grant = toConnectionGrant(verified.claims)
  return grant ? { claims: verified.claims, grant } : FAULTS.invalid
}

const FAULTS = { expired: refuse('tokenExpired'), invalid: disconnect('invalidToken'), unavailable: refuse('internal') }

function welcome(session: Session, grant: ConnectionGrant, { config, now }: Ports): Outcome {
  session.user = grant.user
  session.info = grant.info
  session.meta = grant.meta
  session.expireAt = toDeadline(grant.expireAt)
  const { pingInterval } = config.client
  const ping = session.hasNativePing ? {} : { ping: Math.max(1, Math.round(pingInterval / 1000)), pong: true }
  const value = { client: session.client, version: config.version, ...toExpiry(grant.expireAt, now()), ...ping, ...session.emulation }
  return reply({ method: 'connect', value }, { type: 'connected' })
}
