/**
 * Who is refused although a token of theirs still runs: revoked sessions, disabled users, suspended tenants. Stored first, then kept in
 * memory, so that every door refuses at once; then sockets are cut. What can't be read is refused.
 */

import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'

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

/** A user of a tenant, or an API key, which has the same form. */
export interface UserKey {
  tenantId: string
  userId: string
}

/** A revocation in two halves, so that it is stored in the transaction of the act it belongs to. */
export interface Ban {
  store: (tx: Tx) => Promise<void>
  /** After the commit: every door refuses at once, then sockets are cut. */
  enforce: () => Promise<void>
}

/** See {@link createRevocation}. */
export interface Revocation {
  banSession: (session: UserKey & { sessionId: string }, reason: string) => Ban
  /** Ends every session and token of a user, but those of one session where it is named. */
  banUser: (user: UserKey, reason: string, except?: string) => Ban
  /** Shuts out a key or an account that is gone; what is stored of it is the caller's. */
  banGone: (user: UserKey, reason: string) => Ban
  banState: (user: UserKey, state: 'active' | 'disabled') => Ban
  banTenant: (tenantId: string, state: 'active' | 'suspended' | 'deleting') => Ban
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
  /**
   * Reads anew what is refused, for what other processes revoked.
   * @returns who is refused now and was not before
   */
  reload: () => Promise<RevocationTarget[]>
  /** Adds a listener, for example the one that cuts sockets. */
  onRevoked: (listener: RevocationListener) => void
}

/** What revocation is made of. */
export interface RevocationOptions {
  database: Database
  now?: () => number
  /** With several processes: who is refused must have been read within this many milliseconds. @default it need not */
  staleAfterMs?: number
}

interface Refused {
  /** When it was read. */
  readAt: number
  /** Counts what this process revoked or let in again. */
  acts: number
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
  const { targets: _known, ...refused } = await load(options)
  const listeners: RevocationListener[] = []
  const tell: RevocationListener = async (target, reason) => { await Promise.all(listeners.map(listener => listener(target, reason))) }
  const isRevoked = ({ tenantId, userId, sessionId, issuedAt }: Holder): boolean => {
    const user = keyOf({ tenantId, userId })
    if (options.staleAfterMs !== undefined && now() - refused.readAt > options.staleAfterMs) throw new Problem('unavailable', { retryAfter: 1 })
    if (refused.tenants.has(tenantId) || refused.users.has(user)) return true
    // A session's tokens stand and fall with it; without one, what was issued before the ban falls.
    if (sessionId !== undefined) return refused.sessions.has(sessionId)
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
    reload: () => reload(options, refused),
    ...createActs({ ...options, now, refused, tell }),
  }
}

interface Acts {
  database: Database
  now: () => number
  refused: Refused
  tell: RevocationListener
}

type Bans = Pick<Revocation, 'banSession' | 'banUser' | 'banGone' | 'banState' | 'banTenant'>

/** Each act that is not part of a larger one is a ban, stored and put in force. */
function createActs(acts: Acts): Bans & Pick<Revocation, 'revokeSession' | 'revokeUser' | 'setUserState' | 'setTenantState'> {
  const bans = createBans(acts)
  const run = async (tenantId: string, { store, enforce }: Ban): Promise<void> => {
    await acts.database.inTenant(tenantId, store)
    await enforce()
  }
  return {
    ...bans,
    revokeUser: (user, reason) => run(user.tenantId, bans.banUser(user, reason)),
    revokeSession: (session, reason) => run(session.tenantId, bans.banSession(session, reason)),
    setUserState: (user, state) => run(user.tenantId, bans.banState(user, state)),
    setTenantState: (tenantId, state) => run(tenantId, bans.banTenant(tenantId, state)),
  }
}

function createBans({ now, refused, tell }: Acts): Bans {
  /** Changes what is refused and says whom that concerns. */
  const put = async (change: () => void, targets: readonly RevocationTarget[], reason: string): Promise<void> => {
    refused.acts++
    change()
    await Promise.all(targets.map(target => tell(target, reason)))
  }
  const banUser: Bans['banUser'] = (user, reason, except) => {
    let sessions: string[] = []
    return {
      store: async tx => { sessions = await endSessions(tx, user, { reason, except, now: now() }) },
      enforce: () => put(() => {
        forget(refused.sessions, now())
        for (const id of sessions) refused.sessions.set(id, now() + REMEMBER_MS)
        refused.before.set(keyOf(user), Math.floor(now() / 1000))
      }, except === undefined ? [user] : sessions.map(sessionId => ({ ...user, sessionId })), reason),
    }
  }
  const banGone: Bans['banGone'] = (user, reason) => {
    const { store, enforce } = banUser(user, reason)
    return { store, enforce: () => { refused.users.add(keyOf(user)); return enforce() } }
  }
  return {
    banUser, banGone,
    banSession: ({ sessionId, ...user }, reason) => ({
      store: async tx => {
        await tx.updateTable('sessions').where('id', '=', sessionId).where('revoked_at', 'is', null).set({ revoked_at: new Date(now()), revoked_reason: reason }).execute()
      },
      enforce: () => put(() => {
        forget(refused.sessions, now())
        refused.sessions.set(sessionId, now() + REMEMBER_MS)
      }, [{ ...user, sessionId }], reason),
    }),
    banState: (user, state) => {
      const ban = state === 'disabled' ? banGone(user, 'user disabled') : undefined
      return {
        store: async tx => {
          await tx.updateTable('users').where('id', '=', user.userId).set({ state }).execute()
          await ban?.store(tx)
        },
        enforce: ban?.enforce ?? (() => put(() => { refused.users.delete(keyOf(user)) }, [], '')),
      }
    },
    banTenant: (tenantId, state) => ({
      store: async tx => { await tx.updateTable('tenants').where('id', '=', tenantId).set({ state }).execute() },
      enforce: () => state === 'active'
        ? put(() => { refused.tenants.delete(tenantId) }, [], '')
        : put(() => { refused.tenants.add(tenantId) }, [{ tenantId }], `tenant ${state}`),
    }),
  }
}

async function endSessions(tx: Tx, { userId }: UserKey, { reason, except, now }: { reason: string, except: string | undefined, now: number }): Promise<string[]> {
  let update = tx.updateTable('sessions').where('user_id', '=', userId).where('revoked_at', 'is', null)
  if (except !== undefined) update = update.where('id', '!=', except)
  const rows = await update.set({ revoked_at: new Date(now), revoked_reason: reason }).returning('id').execute()
  return rows.map(({ id }) => id)
}

/** What the store says, and whom that concerns. */
type Loaded = Refused & { targets: RevocationTarget[] }

async function load({ database, now = Date.now }: RevocationOptions): Promise<Loaded> {
  const readAt = now()
  const recent = new Date(readAt - REMEMBER_MS)
  return database.inSystem(async tx => {
    const sessions = await tx.selectFrom('sessions').select(['id', 'user_id', 'tenant_id']).where('revoked_at', '>', recent).execute()
    const users = await tx.selectFrom('users').select(['id', 'tenant_id']).where('state', '!=', 'active').execute()
    // A key is the user of the service that holds it.
    const keys = await tx.selectFrom('api_keys').select(['id', 'tenant_id']).where('revoked_at', '>', recent).execute()
    const tenants = await tx.selectFrom('tenants').select('id').where('state', '!=', 'active').execute()
    const holders = [...users, ...keys].map(user => ({ tenantId: user.tenant_id, userId: user.id }))
    return {
      readAt, acts: 0, before: new Map(),
      sessions: new Map(sessions.map(({ id }) => [id, readAt + REMEMBER_MS])), users: new Set(holders.map(keyOf)), tenants: new Set(tenants.map(({ id }) => id)),
      targets: [
        ...sessions.map(session => ({ tenantId: session.tenant_id, userId: session.user_id, sessionId: session.id })), ...holders, ...tenants.map(({ id }) => ({ tenantId: id })),
      ],
    }
  })
}

/** What this process did while it was read may not be in it yet: then the next look tells. */
async function reload(options: RevocationOptions, refused: Refused): Promise<RevocationTarget[]> {
  const { acts } = refused
  const { targets, ...next } = await load(options)
  if (acts !== refused.acts) return []
  const fresh = targets.filter(({ tenantId, userId, sessionId }) =>
    sessionId !== undefined ? !refused.sessions.has(sessionId) : userId !== undefined ? !refused.users.has(keyOf({ tenantId, userId })) : !refused.tenants.has(tenantId))
  for (const [id, until] of next.sessions) if (!refused.sessions.has(id)) refused.sessions.set(id, until)
  Object.assign(refused, { readAt: next.readAt, users: next.users, tenants: next.tenants })
  return fresh
}

const keyOf = ({ tenantId, userId }: { tenantId: string, userId: string }): string => `${tenantId}/${userId}`

/** A Map keeps the order of insertion, so the oldest come first. */
function forget(sessions: Map<string, number>, now: number): void {
  for (const [id, until] of sessions) {
    if (until > now) return
    sessions.delete(id)
  }
}
