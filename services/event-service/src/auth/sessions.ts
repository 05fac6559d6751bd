/** Sessions: signing in, staying in by refresh tokens, signing out. A session ends 30 days after its last use. */

import { randomUUID } from 'node:crypto'
import { permissionsOf, type Principal, type Session, type User } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { appendAudit } from '../plugins/audit.ts'
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
}

/** Creates the service of sessions. */
export function createSessions(options: SessionsOptions): Sessions {
  const { database, revocation } = options
  return {
    signIn: attempt => signIn(options, attempt),
    refresh: (refreshToken, portal) => refresh(options, refreshToken, portal),
    signOut: async (refreshToken, reason) => {
      const owner = await database.inSystem(tx => findOwner(tx, refreshToken))
      if (owner) await endOwned(options, owner, reason)
    },
    end: async ({ tenantId, userId, sessionId }, reason) => {
      if (sessionId !== undefined) await revocation.revokeSession({ tenantId, userId, sessionId }, reason)
    },
    whoAmI: principal => database.inTenant(principal.tenantId, tx => describe(tx, principal)),
  }
}

async function signIn(options: SessionsOptions, { email, password, portal, address }: SignInAttempt): Promise<OpenSession> {
  const { database, passwords, limiters, now = Date.now } = options
  const name = email.trim().toLowerCase()
  await limiters.signInPerAddress.take(address)
  await limiters.signInPerEmail.take(name)
  const account = await database.inSystem(tx => findAccount(tx, name))
  const isRight = await passwords.verify(password, account?.password_hash)
  if (!account || !isRight || isShut(options, account)) throw new Problem('invalid_credentials')
  await limiters.signInPerEmail.forgive(name)
  const owner = { tenantId: account.tenant_id, sessionId: randomUUID() }
  const refreshToken = await database.inTenant(account.tenant_id, async tx => {
    await tx.insertInto('sessions').values({
      id: owner.sessionId, tenant_id: account.tenant_id, user_id: account.id, portal,
      created_at: new Date(now()), last_used_at: new Date(now()), expires_at: new Date(now() + SESSION_MS),
    }).execute()
    const actor = { type: 'user' as const, id: account.id }
    await appendAudit(tx, { tenantId: account.tenant_id, actor, action: 'session.created', target: owner.sessionId, detail: { portal } }, now())
    return startTokens(tx, owner, now())
  })
  return open(options, account, { sessionId: owner.sessionId, refreshToken })
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
  const { database, now = Date.now } = options
  const hasEnded = await endOwned(options, { tenantId, sessionId }, 'refresh token reused')
  if (!hasEnded) return
  const actor = { type: 'system' as const, id: 'auth' }
  await database.inTenant(tenantId, tx => appendAudit(tx, { tenantId, actor, action: 'session.reuse_detected', target: sessionId }, now()))
}

/** Ends a session unless it has ended before: an old token must not cut its owner's sockets again and again. */
async function endOwned({ database, revocation }: SessionsOptions, { tenantId, sessionId }: TokenOwner, reason: string): Promise<boolean> {
  const row = await database.inTenant(tenantId, tx =>
    tx.selectFrom('sessions').select('user_id').where('id', '=', sessionId).where('revoked_at', 'is', null).executeTakeFirst())
  if (row) await revocation.revokeSession({ tenantId, userId: row.user_id, sessionId }, reason)
  return row !== undefined
}

/** Slides the end of a live session; `undefined` when it has ended or belongs to another portal. */
async function extend(tx: Tx, { sessionId }: TokenOwner, { portal, now }: { portal: string, now: number }): Promise<Account | undefined> {
  const session = await tx.updateTable('sessions').set({ last_used_at: new Date(now), expires_at: new Date(now + SESSION_MS) })
    .where('id', '=', sessionId).where('portal', '=', portal).where('revoked_at', 'is', null).where('expires_at', '>', new Date(now))
    .returning('user_id').executeTakeFirst()
  if (!session) return undefined
  return tx.selectFrom('users').selectAll().where('id', '=', session.user_id).where('state', '=', 'active').executeTakeFirst()
}

function findAccount(tx: Tx, email: string): Promise<Account & { password_hash: string } | undefined> {
  return tx.selectFrom('users').innerJoin('tenants', 'tenants.id', 'users.tenant_id').selectAll('users')
    .where(({ fn, eb }) => eb(fn<string>('lower', ['users.email']), '=', email))
    .where('users.state', '=', 'active').where('tenants.state', '=', 'active').executeTakeFirst()
}

function isShut({ revocation, now = Date.now }: SessionsOptions, account: Account, sessionId?: string): boolean {
  return revocation.isRevoked({ tenantId: account.tenant_id, userId: account.id, sessionId, issuedAt: now() / 1000 })
}

async function open({ tokens }: SessionsOptions, account: Account, { sessionId, refreshToken }: { sessionId: string, refreshToken: string }): Promise<OpenSession> {
  const { token, expiresAt } = await tokens.signAccess({ userId: account.id, tenantId: account.tenant_id, roles: account.roles, sessionId })
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

function toUser({ id, tenant_id: tenantId, email, name, roles }: Account): User {
  return { id, tenantId, email, name, roles, permissions: permissionsOf(roles) }
}
