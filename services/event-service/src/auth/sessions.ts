/** Sessions: signing in, staying in by refresh tokens, signing out. A session ends 30 days after its last use. */

import { randomUUID } from 'node:crypto'
import { permissionsOf, type Actor, type Principal, type Session, type User } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import type { Identity } from './authenticate.ts'
import type { AuthLimiters } from './limits.ts'
import type { Passwords } from './passwords.ts'
import { findOwner, rotateToken, startTokens, type Rotation, type TokenOwner } from './refresh-tokens.ts'
import type { Revocation } from './revocation.ts'
import type { Tokens } from './tokens.ts'

/** A session ends this long after its last use. */
export const SESSION_MS: number = 30 * 24 * 3_600_000

/** What sessions are made with. */
export interface SessionsOptions {
  database: Database
  perform: Perform
  tokens: Tokens
  passwords: Passwords
  revocation: Revocation
  limiters: Pick<AuthLimiters, 'signInPerAddress' | 'signInPerEmail'>
  /** Derives refresh tokens. */
  secret: string
  now?: () => number
}

/** Who wants in. */
export interface SignInAttempt {
  email: string
  password: string
  portal: string
  /** Address of the peer, for the limit. */
  address: string
  userAgent?: string | undefined
}

/** A session as its owner gets it; `refreshToken` goes into the cookie. */
export interface OpenSession {
  session: Session
  refreshToken: string
}

/** See {@link createSessions}. */
export interface Sessions {
  /** @throws {Problem} `invalid_credentials`, `rate_limited` */
  signIn: (attempt: SignInAttempt) => Promise<OpenSession>
  /** Opens a session of somebody whom a provider vouched for. @throws {Problem} `invalid_credentials` when the account was shut meanwhile */
  open: (account: { userId: string, tenantId: string }, from: Omit<SignInAttempt, 'email' | 'password'>) => Promise<OpenSession>
  /** @throws {Problem} `session_expired` */
  refresh: (refreshToken: string, portal: string) => Promise<OpenSession>
  /** Ends the session of a refresh token; an unknown one is none. */
  signOut: (refreshToken: string, reason: string) => Promise<void>
  /** Ends the session a bearer came by. */
  end: (identity: Identity, reason: string) => Promise<void>
  /** @throws {Problem} `unauthenticated` when the account is gone */
  whoAmI: (principal: Principal) => Promise<User>
}

interface Account {
  id: string
  tenant_id: string
  email: string
  name: string
  roles: string[]
  is_password_temporary: boolean
}

/** Creates the service of sessions. */
export function createSessions(options: SessionsOptions): Sessions {
  const { database } = options
  return {
    signIn: attempt => signIn(options, attempt),
    open: ({ userId, tenantId }, from) => openFor(options, { id: userId, tenant_id: tenantId }, from),
    refresh: (refreshToken, portal) => refresh(options, refreshToken, portal),
    signOut: async (refreshToken, reason) => {
      const owner = await database.inSystem(tx => findOwner(tx, refreshToken))
      if (owner) await endOwned(options, owner, { reason })
    },
    end: async ({ tenantId, sessionId }, reason) => {
      if (sessionId !== undefined) await endOwned(options, { tenantId, sessionId }, { reason })
    },
    whoAmI: principal => database.inTenant(principal.tenantId, tx => describe(tx, principal)),
  }
}

async function signIn(options: SessionsOptions, attempt: SignInAttempt): Promise<OpenSession> {
  const { database, passwords, limiters, now = Date.now } = options
  const name = attempt.email.trim().toLowerCase()
  await limiters.signInPerAddress.take(attempt.address)
  await limiters.signInPerEmail.take(name)
  const accounts = await database.inSystem(tx => findAccounts(tx, name, now()))
  // Of somebody unknown a hash is computed too; of somebody with accounts in several tenants, one for each.
  let found: Account | undefined
  for (const account of accounts.length > 0 ? accounts : [undefined]) {
    const isRight = await passwords.verify(attempt.password, account?.password_hash ?? undefined)
    if (isRight && !found && account && !isShut(options, account)) found = account
  }
  if (!found) throw new Problem('invalid_credentials')
  await limiters.signInPerEmail.forgive(name)
  return openFor(options, found, attempt)
}

/** Opens a session of an account that has shown who it is. @throws {Problem} `invalid_credentials` when it was shut meanwhile */
async function openFor(options: SessionsOptions, { id, tenant_id: tenantId }: Pick<Account, 'id' | 'tenant_id'>, { portal, address, userAgent }: Omit<SignInAttempt, 'email' | 'password'>): Promise<OpenSession> {
  const { perform, now = Date.now } = options
  const owner = { tenantId, sessionId: randomUUID() }
  const { result } = await perform({ tenantId, actor: { type: 'user', id }, action: 'session.created', target: owner.sessionId, address, detail: { portal } }, {
    run: async tx => {
      // Under a lock: whoever changes the account's rights at this moment ends this session too, or it has the new ones.
      const account = await tx.selectFrom('users').selectAll().where('id', '=', id).where('state', '=', 'active').forShare().executeTakeFirst()
      if (!account) throw new Problem('invalid_credentials')
      await tx.insertInto('sessions').values({
        id: owner.sessionId, tenant_id: tenantId, user_id: id, portal, address, user_agent: userAgent?.slice(0, 300) ?? null,
        created_at: new Date(now()), last_used_at: new Date(now()), expires_at: new Date(now() + SESSION_MS),
      }).execute()
      return { account, refreshToken: await startTokens(tx, owner, now()) }
    },
  })
  return open(options, result.account, { sessionId: owner.sessionId, refreshToken: result.refreshToken })
}

async function refresh(options: SessionsOptions, refreshToken: string, portal: string): Promise<OpenSession> {
  const { database, secret, now = Date.now } = options
  const rotation = await database.inSystem(tx => rotateToken(tx, refreshToken, { secret, now: now() }))
  if (!rotation) throw new Problem('session_expired')
  if (rotation.kind === 'reused') {
    await reportReuse(options, rotation)
    throw new Problem('session_expired')
  }
  const account = await database.inTenant(rotation.tenantId, tx => extend(tx, rotation, { portal, now: now() }))
  if (!account || isShut(options, account, rotation.sessionId)) throw new Problem('session_expired')
  return open(options, account, { sessionId: rotation.sessionId, refreshToken: rotation.token })
}

/** A token that comes back late was copied: thief and owner can't be told apart, so the whole family ends. */
async function reportReuse(options: SessionsOptions, { tenantId, sessionId }: Rotation): Promise<void> {
  await endOwned(options, { tenantId, sessionId }, { reason: 'refresh token reused', action: 'session.reuse_detected', actor: { type: 'system', id: 'auth' } })
}

interface Ending {
  reason: string
  /** @default 'session.ended' */
  action?: string
  /** @default the session's user */
  actor?: Actor
}

/** Ends a session unless it has ended before: an old token must not cut its owner's sockets again and again. */
async function endOwned({ database, perform, revocation }: SessionsOptions, { tenantId, sessionId }: TokenOwner, { reason, action = 'session.ended', actor }: Ending): Promise<void> {
  const row = await database.inTenant(tenantId, tx =>
    tx.selectFrom('sessions').select('user_id').where('id', '=', sessionId).where('revoked_at', 'is', null).executeTakeFirst())
  if (!row) return
  const ban = revocation.banSession({ tenantId, userId: row.user_id, sessionId }, reason)
  await perform({ tenantId, actor: actor ?? { type: 'user', id: row.user_id }, action, target: sessionId, detail: { reason } }, { run: ban.store })
  await ban.enforce()
}

/** Slides the end of a live session; `undefined` when it has ended or belongs to another portal. */
async function extend(tx: Tx, { sessionId }: TokenOwner, { portal, now }: { portal: string, now: number }): Promise<Account | undefined> {
  const session = await tx.updateTable('sessions').set({ last_used_at: new Date(now), expires_at: new Date(now + SESSION_MS) })
    .where('id', '=', sessionId).where('portal', '=', portal).where('revoked_at', 'is', null).where('expires_at', '>', new Date(now))
    .returning('user_id').executeTakeFirst()
  if (!session) return undefined
  return tx.selectFrom('users').selectAll().where('id', '=', session.user_id).where('state', '=', 'active').executeTakeFirst()
}

/** More accounts of one address than this are not tried. */
const MAX_ACCOUNTS = 8

/** Accounts that may sign in under an address: one a tenant, the oldest first. A one-time password ends by itself. */
function findAccounts(tx: Tx, email: string, now: number): Promise<(Account & { password_hash: string | null })[]> {
  return tx.selectFrom('users').innerJoin('tenants', 'tenants.id', 'users.tenant_id').selectAll('users')
    .where(({ fn, eb }) => eb(fn<string>('lower', ['users.email']), '=', email))
    .where('users.state', '=', 'active').where('tenants.state', '=', 'active')
    .where(({ eb, or }) => or([eb('users.password_expires_at', 'is', null), eb('users.password_expires_at', '>', new Date(now))]))
    .orderBy('users.created_at').limit(MAX_ACCOUNTS).execute()
}

function isShut({ revocation, now = Date.now }: SessionsOptions, account: Account, sessionId?: string): boolean {
  return revocation.isRevoked({ tenantId: account.tenant_id, userId: account.id, sessionId, issuedAt: now() / 1000 })
}

async function open({ tokens }: SessionsOptions, account: Account, { sessionId, refreshToken }: { sessionId: string, refreshToken: string }): Promise<OpenSession> {
  const { token, expiresAt } = await tokens.signAccess({ userId: account.id, tenantId: account.tenant_id, roles: rolesOf(account), sessionId })
  return { session: { user: toUser(account), accessToken: token, expiresAt }, refreshToken }
}

async function describe(tx: Tx, { kind, userId, tenantId, permissions }: Principal): Promise<User> {
  if (kind === 'service') {
    const key = await tx.selectFrom('api_keys').select('name').where('id', '=', userId).executeTakeFirst()
    return { id: userId, tenantId, name: key?.name ?? userId, roles: [], permissions: [...permissions] }
  }
  const account = await tx.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
  if (!account) throw new Problem('unauthenticated')
  return toUser(account)
}

function toUser(account: Account): User {
  const { id, tenant_id: tenantId, email, name } = account
  const roles = rolesOf(account)
  return { id, tenantId, email, name, roles, permissions: permissionsOf(roles), ...account.is_password_temporary && { mustChangePassword: true } }
}

/** A one-time password opens nothing but the change of it. */
function rolesOf({ roles, is_password_temporary: isTemporary }: Account): string[] {
  return isTemporary ? [] : roles
}
