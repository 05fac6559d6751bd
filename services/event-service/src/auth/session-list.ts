/** Sessions that are open, and ending them: one's own, a user's, or any by an operator. */

import { channelOf, type SessionList, type SessionsEnded } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { toAct, type Asked } from '../asked.ts'
import { listPage, type ListSearch } from '../database/lists.ts'
import type { Revocation } from './revocation.ts'

/** What the list works with. */
export interface OpenSessionsOptions {
  database: Database
  perform: Perform
  revocation: Pick<Revocation, 'banSession' | 'banUser'>
  now: () => number
}

/** Whose sessions; nothing is everybody's. */
export interface SessionOwner {
  tenantId?: string | undefined
  userId?: string | undefined
  /** The session that asks. */
  current?: string | undefined
}

/** See {@link createOpenSessions}. */
export interface OpenSessions {
  /** Last used first. */
  list: (owner: SessionOwner, search: ListSearch) => Promise<SessionList>
  /** Who a session belongs to. @throws {Problem} `not_found` */
  ownerOf: (sessionId: string) => Promise<{ tenantId: string, userId: string }>
  /** Ends one session of a user. @throws {Problem} `not_found` when it is not open */
  end: (asked: Asked, session: { userId: string, sessionId: string }) => Promise<void>
  /** Signs a user out everywhere. @throws {Problem} `not_found` */
  endAll: (asked: Asked, userId: string) => Promise<SessionsEnded>
}

/** Creates the service. */
export function createOpenSessions(options: OpenSessionsOptions): OpenSessions {
  const { database } = options
  return {
    list: (owner, search) => list(options, owner, search),
    ownerOf: async sessionId => {
      const row = await database.inSystem(tx => tx.selectFrom('sessions').select(['tenant_id', 'user_id']).where('id', '=', sessionId).executeTakeFirst())
      if (!row) throw new Problem('not_found')
      return { tenantId: row.tenant_id, userId: row.user_id }
    },
    end: (asked, session) => end(options, asked, session),
    endAll: (asked, userId) => endAll(options, asked, userId),
  }
}

async function list({ database, now }: OpenSessionsOptions, { tenantId, userId, current }: SessionOwner, search: ListSearch): Promise<SessionList> {
  const read = async (tx: Tx): ReturnType<typeof readPage> => readPage(tx, { tenantId, userId, now: now(), search })
  const { rows, next } = await (tenantId === undefined ? database.inSystem(read) : database.inTenant(tenantId, read))
  return {
    sessions: rows.map(row => ({
      id: row.id, tenantId: row.tenant_id, userId: row.user_id, email: row.email, name: row.name, portal: row.portal,
      ...row.address !== null && { address: row.address }, ...row.user_agent !== null && { userAgent: row.user_agent },
      createdAt: row.created_at.toISOString(), lastUsedAt: row.last_used_at.toISOString(), expiresAt: new Date(row.expires_at).toISOString(), isCurrent: row.id === current,
    })),
    ...next !== undefined && { next },
  }
}

interface Row {
  id: string
  tenant_id: string
  user_id: string
  email: string
  name: string
  portal: string
  address: string | null
  user_agent: string | null
  created_at: Date
  last_used_at: Date
  expires_at: Date | string
}

function readPage(tx: Tx, { tenantId, userId, now, search }: SessionOwner & { now: number, search: ListSearch }): Promise<{ rows: Row[], next?: string }> {
  let select = tx.selectFrom('sessions').innerJoin('users', 'users.id', 'sessions.user_id').select([
    'sessions.id', 'sessions.tenant_id', 'sessions.user_id', 'users.email', 'users.name', 'sessions.portal', 'sessions.address', 'sessions.user_agent',
    'sessions.created_at', 'sessions.last_used_at', 'sessions.expires_at',
  ]).where('sessions.revoked_at', 'is', null).where('sessions.expires_at', '>', new Date(now))
  if (tenantId !== undefined) select = select.where('sessions.tenant_id', '=', tenantId)
  if (userId !== undefined) select = select.where('sessions.user_id', '=', userId)
  return listPage(select, search, { words: 'users.plain', isPlain: true, by: 'sessions.last_used_at', kind: 'time', id: 'sessions.id' })
}

async function end({ perform, revocation }: OpenSessionsOptions, asked: Asked, { userId, sessionId }: { userId: string, sessionId: string }): Promise<void> {
  const { tenantId } = asked
  const ban = revocation.banSession({ tenantId, userId, sessionId }, 'ended from elsewhere')
  await perform({ ...toAct(asked), action: 'session.ended', target: sessionId }, {
    run: async tx => {
      const open = await tx.selectFrom('sessions').select('id').where('id', '=', sessionId).where('user_id', '=', userId).where('revoked_at', 'is', null).executeTakeFirst()
      if (!open) throw new Problem('not_found', { detail: 'There is no such session.' })
      await ban.store(tx)
    },
    // An operator's transaction writes the operators' log; the user's own channel is the tenant's.
    events: asked.isOperators ? [] : [{ channel: channelOf('user', { tenantId, userId }), type: 'session_revoked', data: { sessionId, reason: 'ended from elsewhere' } }],
  })
  await ban.enforce()
}

async function endAll({ perform, revocation }: OpenSessionsOptions, asked: Asked, userId: string): Promise<SessionsEnded> {
  const ban = revocation.banUser({ tenantId: asked.tenantId, userId }, 'signed out everywhere')
  const { result } = await perform({ ...toAct(asked), action: 'user.signed_out', target: userId }, {
    run: async tx => {
      const user = await tx.selectFrom('users').select('id').where('id', '=', userId).where('tenant_id', '=', asked.tenantId).executeTakeFirst()
      if (!user) throw new Problem('not_found', { detail: 'There is no such user.' })
      const { open } = await tx.selectFrom('sessions').select(({ fn }) => fn.countAll<string>().as('open')).where('user_id', '=', userId).where('revoked_at', 'is', null).executeTakeFirstOrThrow()
      await ban.store(tx)
      return { ended: Number(open) }
    },
  })
  await ban.enforce()
  return result
}
