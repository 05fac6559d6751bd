/** Who connects: by a token, by the application's hook, by a proxy's header, or nobody. Source: PROTOCOL 1.5, 3.3, 3.4. */
import type { Request } from './command.ts'
import type { TokenMark } from './denials.ts'
import { DISCONNECTS, disconnect } from './disconnects.ts'
import type { Disconnect } from './disconnects.ts'
import { refuse } from './errors.ts'
import type { Claims } from './hooks.ts'
import type { ConnectGrant, SubscribeGrant } from './hook-shapes.ts'
import { isRefusal } from './outcome.ts'
import type { Refusal } from './outcome.ts'
import { toOptionalJson } from './payload.ts'
import type { Json } from './publication.ts'
import { hookRequest } from './session.ts'
import type { Ports, Session } from './session.ts'
import { OPEN } from './subscribing.ts'
import type { Permit } from './subscribing.ts'
import { toConnectionGrant, toMark } from './tokens/claims.ts'
import type { Verified } from './tokens/verifier.ts'
import { consult } from './verdict.ts'

type Connect = Request<'connect'>

/** Who it is, until when, and what the connection begins with. */
export interface Identity {
  /** As signed; empty without a token. */
  readonly claims: Claims
  readonly user: string
  readonly info: Json | undefined
  readonly data: Json | undefined
  /** Second of expiry since 1970; 0: never. */
  readonly expireAt: number
  readonly meta: unknown
  readonly subs: ReadonlyMap<string, Permit>
  readonly source: 'token' | 'hook'
  readonly token: TokenMark
  /** Whether channels that the client had from the server before are given again, as far as it may subscribe to them. */
  readonly mayResume: boolean
}

/** Undefined users are anonymous. What has no token is as old as its connection. */
const nobody = ({ now }: Ports, user = ''): Identity => ({
  claims: {}, user, info: undefined, data: undefined, expireAt: 0, meta: undefined, subs: new Map(), source: 'token', mayResume: true,
  token: toMark({ iat: Math.floor(now() / 1000) }, user),
})

/** Why somebody with good credentials is kept out. */
export function denialOf(token: TokenMark, { denials }: Ports): Disconnect | undefined {
  if (denials.isRevoked(token)) return DISCONNECTS.invalidToken
  return denials.isBlocked(token.user) ? DISCONNECTS.permissionDenied : undefined
}

/** The identity, or why there is none. */
export async function identify(session: Session, request: Connect, ports: Ports): Promise<Identity | Refusal> {
  const identity = request.token === '' ? await withoutToken(session, request, ports) : byToken(await ports.tokens.connection.verify(request.token), ports)
  return ports.config.client.insecure && !isRefusal(identity) ? { ...identity, expireAt: 0 } : identity
}

const NO_SUBS: ReadonlyMap<string, Permit> = new Map()

function byToken(verified: Verified, { config }: Ports): Identity | Refusal {
  if ('fault' in verified) return FAULTS[verified.fault]
  const { claims } = verified
  const grant = toConnectionGrant(claims, config.client.token?.userIdClaim)
  if (!grant) return FAULTS.invalid
  if (grant.user === '' && config.client.disallowAnonymousConnectionTokens) return disconnect('permissionDenied')
  const subs = grant.subs.size === 0 ? NO_SUBS : new Map([...grant.subs].map(([channel, said]) => [channel, { ...OPEN, ...said }]))
  return { ...grant, claims, subs, data: undefined, source: 'token', mayResume: true, token: toMark(claims, grant.user) }
}

const FAULTS = { expired: refuse('tokenExpired'), invalid: disconnect('invalidToken'), unavailable: refuse('internal') }

async function withoutToken(session: Session, request: Connect, ports: Ports): Promise<Identity | Refusal> {
  const { userIdHttpHeader, allowAnonymousConnectWithoutToken, insecure } = ports.config.client
  const user = userIdHttpHeader === undefined ? undefined : session.headers?.[userIdHttpHeader.toLowerCase()]
  if (typeof user === 'string' && user !== '') return nobody(ports, user)
  const answered = await byHook(session, request, ports)
  if (answered) return answered
  return allowAnonymousConnectWithoutToken || insecure ? nobody(ports) : disconnect('badRequest')
}

async function byHook(session: Session, request: Connect, ports: Ports): Promise<Identity | Refusal | undefined> {
  const { name, version, data, subs, headers } = request
  const asked = { ...hookRequest(session), name, version, data, channels: [...subs.keys()], headers: { ...Object.fromEntries(headers), ...session.headers } }
  return consult<ConnectGrant, Identity | Refusal>(ports, {
    failure: { disconnect: DISCONNECTS.serverError },
    hook: () => ports.hooks.connect?.(asked),
    read: grant => toIdentity(grant, ports),
  })
}

function toIdentity(grant: ConnectGrant, { now }: Ports): Identity {
  const { user, expireAt = 0, meta, channels = [], subs = {} } = grant
  return {
    claims: {}, user, expireAt, meta, source: 'hook', mayResume: false, token: toMark({ iat: Math.floor(now() / 1000) }, user),
    info: toOptionalJson(grant.info), data: toOptionalJson(grant.data),
    subs: new Map([...channels.map(channel => [channel, OPEN] as const), ...Object.entries(subs).map(([channel, said]) => [channel, toPermit(said)] as const)]),
  }
}

/** The application's word on a subscription. Throws `EngineError` 107 for what JSON can't say. */
export function toPermit({ expireAt = 0, info, data, override = {} }: SubscribeGrant): Permit {
  return { expireAt, override, info: toOptionalJson(info), data: toOptionalJson(data), isRefreshedByHook: false }
}
