/**
 * Who is refused although a token of theirs still runs: revoked sessions, disabled users, suspended tenants. Stored first, then kept in
 * memory, so that every door refuses at once; then sockets are cut. What can't be read is refused.
 */

import type { Database } from '../database/database.ts'

/** A revoked session stays in memory this long: longer than any of its tokens lives. */
const REMEMBER_MS = 600_000

/** Whose sockets to end: one session's, a user's, or a whole tenant's. */
export interface RevocationTarget {
  tenantId: string
  userId?: string
  sessionId?: string
}

/** Told after each revocation was stored. */
export type RevocationListener = (target: RevocationTarget, reason: string) => Promise<void>

/** Who asks with what. `issuedAt` is the token's second. */
export interface Holder {
  tenantId: string
  userId: string
  sessionId?: string | undefined
  issuedAt?: number | undefined
}

/** See {@link createRevocation}. */
export interface Revocation {
  /** Whether this holder is refused. */
  isRevoked: (holder: Holder) => boolean
  /** The same for realtime's hooks: `user` is `{tenantId}/{userId}`. */
  isAllowed: (user: string, token?: { issuedAt?: number | undefined, sessionId?: string | undefined }) => boolean
  /** Ends a session. */
  revokeSession: (session: { tenantId: string, userId: string, sessionId: string }, reason: string) => Promise<void>
  /** Ends every session and token of a user: a changed role, a lost laptop. The user may sign in again. */
  revokeUser: (user: { tenantId: string, userId: string }, reason: string) => Promise<void>
  setUserState: (user: { tenantId: string, userId: string }, state: 'active' | 'disabled') => Promise<void>
  setTenantState: (tenantId: string, state: 'active' | 'suspended') => Promise<void>
  /** Adds a listener, for example the one that cuts sockets. */
  onRevoked: (listener: RevocationListener) => void
}

/** What revocation is made of. */
export interface RevocationOptions {
  database: Database
  now?: () => number
}

interface Refused {
  /** Session → when it may be forgotten. */
  sessions: Map<string, number>
  users: Set<string>
  tenants: Set<string>
  /** User → tokens up to this second are refused. */
  before: Map<string, number>
}

/** Reads what is refused and keeps it up to date. @throws when the database can't be read: nobody is let in then. */
export async function createRevocation(options: RevocationOptions): Promise<Revocation> {
  const { now = Date.now } = options
  const refused = await load(options)
  const listeners: RevocationListener[] = []
  const tell: RevocationListener = async (target, reason) => { await Promise.all(listeners.map(listener => listener(target, reason))) }
  const isRevoked = ({ tenantId, userId, sessionId, issuedAt }: Holder): boolean => {
    const user = keyOf({ tenantId, userId })
    if (refused.tenants.has(tenantId) || refused.users.has(user)) return true
    if (sessionId !== undefined && refused.sessions.has(sessionId)) return true
    const before = refused.before.get(user)
    return before !== undefined && (issuedAt ?? 0) <= before
  }
  return {
    isRevoked,
    isAllowed: (user, { issuedAt = Math.floor(now() / 1000), sessionId } = {}) => {
      const [tenantId, userId, ...rest] = user.split('/')
      return Boolean(tenantId && userId) && rest.length === 0 && !isRevoked({ tenantId: tenantId ?? '', userId: userId ?? '', sessionId, issuedAt })
    },
    onRevoked: listener => { listeners.push(listener) },
    ...createActs({ ...options, now, refused, tell }),
  }
}

interface Acts {
  database: Database
  now: () => number
  refused: Refused
  tell: RevocationListener
}

function createActs({ database, now, refused, tell }: Acts): Pick<Revocation, 'revokeSession' | 'revokeUser' | 'setUserState' | 'setTenantState'> {
  const revokeUser: Revocation['revokeUser'] = async (user, reason) => {
    await database.inTenant(user.tenantId, tx => tx.updateTable('sessions').where('user_id', '=', user.userId).where('revoked_at', 'is', null)
      .set({ revoked_at: new Date(now()), revoked_reason: reason }).execute())
    refused.before.set(keyOf(user), Math.floor(now() / 1000))
    await tell(user, reason)
  }
  return {
    revokeUser,
    revokeSession: async ({ sessionId, ...user }, reason) => {
      await database.inTenant(user.tenantId, tx => tx.updateTable('sessions').where('id', '=', sessionId).where('revoked_at', 'is', null)
        .set({ revoked_at: new Date(now()), revoked_reason: reason }).execute())
      forget(refused.sessions, now())
      refused.sessions.set(sessionId, now() + REMEMBER_MS)
      await tell({ ...user, sessionId }, reason)
    },
    setUserState: async (user, state) => {
      await database.inTenant(user.tenantId, tx => tx.updateTable('users').where('id', '=', user.userId).set({ state }).execute())
      if (state === 'active') { refused.users.delete(keyOf(user)); return }
      refused.users.add(keyOf(user))
      await revokeUser(user, 'user disabled')
    },
    setTenantState: async (tenantId, state) => {
      await database.inTenant(tenantId, tx => tx.updateTable('tenants').where('id', '=', tenantId).set({ state }).execute())
      if (state === 'active') { refused.tenants.delete(tenantId); return }
      refused.tenants.add(tenantId)
      await tell({ tenantId }, 'tenant suspended')
    },
  }
}

async function load({ database, now = Date.now }: RevocationOptions): Promise<Refused> {
  const recent = new Date(now() - REMEMBER_MS)
  return database.inSystem(async tx => {
    const sessions = await tx.selectFrom('sessions').select('id').where('revoked_at', '>', recent).execute()
    const users = await tx.selectFrom('users').select(['id', 'tenant_id']).where('state', '=', 'disabled').execute()
    const tenants = await tx.selectFrom('tenants').select('id').where('state', '=', 'suspended').execute()
    return {
      sessions: new Map(sessions.map(({ id }) => [id, now() + REMEMBER_MS])),
      users: new Set(users.map(user => keyOf({ tenantId: user.tenant_id, userId: user.id }))),
      tenants: new Set(tenants.map(({ id }) => id)),
      before: new Map(),
    }
  })
}

const keyOf = ({ tenantId, userId }: { tenantId: string, userId: string }): string => `${tenantId}/${userId}`

/** A Map keeps the order of insertion, so the oldest come first. */
function forget(sessions: Map<string, number>, now: number): void {
  for (const [id, until] of sessions) {
    if (until > now) return
    sessions.delete(id)
  }
}
