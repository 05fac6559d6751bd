/** Bearer → principal → decision: the specification's `AuthMiddleware` (case 5), with its dependencies given. */

import { authorize, permissionsOf, type Channel, type ChannelAction, type Decision, type Principal } from '@neo-stack/events'
import { isProblem, Problem } from '../errors.ts'
import type { ApiKeys } from './api-keys.ts'
import { isApiKey } from './key-form.ts'
import type { Limiter } from '../plugins/limiter.ts'
import { createExpiringMap } from './expiring.ts'
import type { LinkedAccount } from './identities.ts'
import type { ExternalIdentity, ExternalTokens } from './providers.ts'
import type { Revocation } from './revocation.ts'
import type { IssuedToken, Tokens } from './tokens.ts'

/** How many tokens of providers are remembered with their account, and how long in milliseconds. */
const LINKED_SIZE = 10_000
const LINKED_MS = 10_000

/** A principal and the session it came by; services have none. */
export interface Identity extends Principal {
  sessionId?: string
}

/** What {@link AuthMiddleware} works with. */
export interface AuthDependencies {
  tokens: Tokens
  apiKeys: ApiKeys
  revocation: Revocation
  /** Tokens of identity providers, and the accounts they lead to. @default none are accepted */
  external?: { tokens: ExternalTokens, accountOf: (identity: ExternalIdentity) => Promise<LinkedAccount> } | undefined
  /** Slows down whoever tries keys that don't exist. */
  wrongKeys: Limiter
  now?: () => number
}

/** Authenticates bearers and authorizes principals. */
export class AuthMiddleware {
  readonly #tokens: Tokens
  readonly #apiKeys: ApiKeys
  readonly #revocation: Revocation
  readonly #wrongKeys: Limiter
  readonly #external: AuthDependencies['external']
  readonly #linked = createExpiringMap<LinkedAccount & { issuedAt: number }>(LINKED_SIZE)
  readonly #now: () => number

  constructor({ tokens, apiKeys, revocation, wrongKeys, external, now = Date.now }: AuthDependencies) {
    this.#external = external
    this.#now = now
    this.#tokens = tokens
    this.#apiKeys = apiKeys
    this.#revocation = revocation
    this.#wrongKeys = wrongKeys
  }

  /**
   * Who a bearer belongs to: an access token, an API key, or a token of an identity provider.
   * @param address where the request came from, for the limit on wrong keys
   * @throws {Problem} `unauthenticated`, or `rate_limited` after too many wrong keys
   */
  authenticate(bearer: string, address = ''): Promise<Identity> {
    if (isApiKey(bearer)) return this.#fromKey(bearer, address)
    return this.#external?.tokens.isOurs(bearer) ? this.#fromProvider(this.#external, bearer) : this.#fromToken(bearer)
  }

  /** What a principal may do with a channel; the answer to the specification's boolean, with the status of a denial. */
  authorize(principal: Principal, channel: Channel | string, action: ChannelAction): Decision {
    return authorize(principal, channel, action)
  }

  /** A token that opens a realtime connection. @throws {Problem} `unauthenticated` when the principal was revoked meanwhile */
  async generateConnectionToken(principal: Identity): Promise<IssuedToken> {
    this.#refuseRevoked(principal)
    return this.#tokens.signConnection(principal)
  }

  /** A token for one channel. @throws {Problem} `unauthenticated`, `forbidden`, `not_found` */
  async generateSubscriptionToken(principal: Identity, channel: string): Promise<IssuedToken> {
    this.#refuseRevoked(principal)
    const decision = this.authorize(principal, channel, 'subscribe')
    if (!decision.allowed) throw new Problem(decision.status === 404 ? 'not_found' : 'forbidden')
    return this.#tokens.signSubscription(principal, channel)
  }

  async #fromKey(key: string, address: string): Promise<Identity> {
    const principal = await this.#apiKeys.authenticate(key, () => this.#wrongKeys.check(address)).catch(async (error: unknown) => {
      if (isProblem(error, 'unauthenticated')) await this.#wrongKeys.take(address)
      throw error
    })
    // A key that is shut out was guessed by nobody: it must not use up what others at its address have.
    this.#refuseRevoked(principal)
    return principal
  }

  async #fromToken(token: string): Promise<Identity> {
    const { issuedAt, roles, ...who } = await this.#tokens.verifyAccess(token)
    this.#refuseRevoked(who, issuedAt)
    return { kind: 'user', ...who, roles, permissions: permissionsOf(roles) }
  }

  /** The account is read again now and then: its roles are kept here, not in the token. */
  async #fromProvider({ tokens, accountOf }: NonNullable<AuthDependencies['external']>, token: string): Promise<Identity> {
    let linked = this.#linked.get(token, this.#now())
    if (!linked) {
      const identity = await tokens.verify(token)
      linked = { ...await accountOf(identity), issuedAt: identity.issuedAt }
      this.#linked.set(token, linked, Math.min(this.#now() + LINKED_MS, identity.expiresAt * 1000))
    }
    const { issuedAt, roles, ...who } = linked
    this.#refuseRevoked(who, issuedAt)
    return { kind: 'user', ...who, roles, permissions: permissionsOf(roles) }
  }

  #refuseRevoked({ tenantId, userId, sessionId }: Pick<Identity, 'tenantId' | 'userId' | 'sessionId'>, issuedAt?: number): void {
    const holder = { tenantId, userId, sessionId, issuedAt: issuedAt ?? Infinity }
    if (this.#revocation.isRevoked(holder)) throw new Problem('unauthenticated', { detail: 'This access was revoked.' })
  }
}
