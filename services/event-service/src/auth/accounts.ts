/** People with an account: who there is, invite, roles, disable, remove, passwords. What ends somebody's rights ends their sessions. */

import { randomBytes, randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { permissionsOf, PLATFORM_TENANT, type Account, type AccountList, type CreateUser, type UserCreated } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { toAct, toKey, type Asked } from '../asked.ts'
import { listPage, type ListSearch } from '../database/lists.ts'
import type { AuthLimiters } from './limits.ts'
import type { Passwords } from './passwords.ts'
import type { Ban, Revocation } from './revocation.ts'

/** A one-time password that nobody used ends after this long. */
const TEMPORARY_MS = 7 * 24 * 3_600_000

/** A removed account stays, empty, longer than any token of it lives: other processes and a restarted one have to know. */
const REMEMBER_MS = 600_000

/** What accounts are kept with. */
export interface AccountsOptions {
  database: Database
  perform: Perform
  passwords: Passwords
  revocation: Pick<Revocation, 'banUser' | 'banGone' | 'banState'>
  limiters: Pick<AuthLimiters, 'passwordPerUser'>
  now: () => number
}

/** See {@link createAccounts}. */
export interface Accounts {
  /** By name; of every tenant without `tenantId`. */
  list: (tenantId: string | undefined, search: ListSearch) => Promise<AccountList>
  /** Which tenant a user belongs to. @throws {Problem} `not_found` */
  tenantOf: (userId: string) => Promise<string>
  /** @throws {Problem} `email_taken`, `forbidden` for roles that the one who asks may not give */
  create: (asked: Asked, user: CreateUser) => Promise<UserCreated>
  /** @throws {Problem} `not_found`, `last_owner`, `forbidden` */
  putRoles: (asked: Asked, userId: string, roles: readonly string[]) => Promise<Account>
  /** @throws {Problem} `not_found`, `last_owner` */
  setState: (asked: Asked, userId: string, state: 'active' | 'disabled') => Promise<Account>
  /** @throws {Problem} `not_found` */
  resetPassword: (asked: Asked, userId: string) => Promise<UserCreated>
  /** @throws {Problem} `not_found`, `last_owner` */
  remove: (asked: Asked, userId: string) => Promise<void>
  /** Of the one who asks. @throws {Problem} `wrong_password`, `rate_limited` */
  changePassword: (asked: Asked, passwords: { current: string, next: string }) => Promise<void>
}

interface Row {
  id: string
  tenant_id: string
  email: string
  name: string
  roles: string[]
  state: 'active' | 'disabled' | 'removed'
  is_password_temporary: boolean
  created_at: Date
  last_seen_at?: Date | null
}

const columns = ['users.id', 'users.tenant_id', 'users.email', 'users.name', 'users.roles', 'users.state', 'users.is_password_temporary', 'users.created_at'] as const

/** Creates the service of accounts. */
export function createAccounts(options: AccountsOptions): Accounts {
  return {
    list: (tenantId, search) => list(options.database, tenantId, search),
    tenantOf: async userId => {
      const row = await options.database.inSystem(tx => tx.selectFrom('users').select('tenant_id').where('id', '=', userId).where('state', '!=', 'removed').executeTakeFirst())
      if (!row) throw new Problem('not_found')
      return row.tenant_id
    },
    create: (asked, user) => create(options, asked, user),
    putRoles: (asked, userId, roles) => putRoles(options, asked, { userId, roles }),
    setState: (asked, userId, state) => setState(options, asked, { userId, state }),
    resetPassword: (asked, userId) => resetPassword(options, asked, userId),
    remove: (asked, userId) => remove(options, asked, userId),
    changePassword: (asked, passwords) => changePassword(options, asked, passwords),
  }
}

async function list(database: Database, tenantId: string | undefined, search: ListSearch): Promise<AccountList> {
  const read = async (tx: Tx): Promise<{ rows: Row[], next?: string }> => {
    // Asked for each of the page, not for everybody.
    const seen = sql<Date | null>`(select max(last_used_at) from sessions where user_id = users.id)`.as('last_seen_at')
    let select = tx.selectFrom('users').select([...columns, seen]).where('users.state', '!=', 'removed')
    if (tenantId !== undefined) select = select.where('users.tenant_id', '=', tenantId)
    return listPage(select, search, { words: 'users.plain', isPlain: true, by: 'users.plain', id: 'users.id' })
  }
  const { rows, next } = await (tenantId === undefined ? database.inSystem(read) : database.inTenant(tenantId, read))
  return { users: rows.map(toAccount), ...next !== undefined && { next } }
}

function toAccount({ id, tenant_id: tenantId, email, name, roles, state, is_password_temporary: isPasswordTemporary, created_at: createdAt, last_seen_at: seen }: Row): Account {
  return { id, tenantId, email, name, roles, state: state === 'active' ? state : 'disabled', isPasswordTemporary, createdAt: createdAt.toISOString(), ...seen && { lastSeenAt: seen.toISOString() } }
}

/** A new account as it is stored; the password is hashed outside of any transaction. */
interface NewAccount extends CreateUser {
  id: string
  hash: string
}

/** What {@link insertAccount} and those who call it share. */
async function insertAccount(tx: Tx, tenantId: string, { id, email, name, roles, hash, now }: NewAccount & { now: number }): Promise<Account> {
  const taken = await tx.selectFrom('users').select('id').where('tenant_id', '=', tenantId).where(sql`lower(email)`, '=', email.toLowerCase()).executeTakeFirst()
  if (taken) throw new Problem('email_taken', { errors: [{ path: 'email', message: 'is taken' }] })
  const row = await tx.insertInto('users').values({
    id, tenant_id: tenantId, email: email.toLowerCase(), name, roles: [...roles], password_hash: hash,
    is_password_temporary: true, password_expires_at: new Date(now + TEMPORARY_MS), created_at: new Date(now),
  }).returning(columns).executeTakeFirstOrThrow()
  return toAccount(row)
}

/** A password for one sign-in: 96 random bits. */
async function mintPassword(passwords: Passwords): Promise<{ password: string, hash: string }> {
  const password = randomBytes(12).toString('base64url')
  return { password, hash: await passwords.hash(password) }
}

async function create({ perform, passwords, now }: AccountsOptions, asked: Asked, user: CreateUser): Promise<UserCreated> {
  const { tenantId } = asked
  assertGrantable(asked, user.roles)
  const { password, hash } = await mintPassword(passwords)
  const id = randomUUID()
  const { result, isRepeat } = await perform(
    { ...toAct(asked), action: 'user.created', target: id, detail: { name: user.name, roles: user.roles } },
    { run: tx => insertAccount(tx, tenantId, { ...user, id, hash, now: now() }), key: toKey(asked, 'users', user) },
  )
  return { user: result, ...!isRepeat && { password } }
}

async function putRoles(options: AccountsOptions, asked: Asked, { userId, roles }: { userId: string, roles: readonly string[] }): Promise<Account> {
  assertGrantable(asked, roles)
  const ban = options.revocation.banUser({ tenantId: asked.tenantId, userId }, 'roles changed')
  let before: readonly string[] = []
  return change(options, { asked, userId, action: 'user.roles_changed', detail: { roles }, ban, auditDetail: () => ({ before }) }, async (tx, user) => {
    before = user.roles
    // Whoever has more than the one who asks is not theirs to change.
    assertGrantable(asked, user.roles)
    if (!roles.includes('owner')) await assertAnotherOwner(tx, user)
    return tx.updateTable('users').set({ roles: [...roles] }).where('id', '=', userId).returning(columns).executeTakeFirstOrThrow()
  })
}

async function setState(options: AccountsOptions, asked: Asked, { userId, state }: { userId: string, state: 'active' | 'disabled' }): Promise<Account> {
  const ban = options.revocation.banState({ tenantId: asked.tenantId, userId }, state)
  return change(options, { asked, userId, action: state === 'active' ? 'user.enabled' : 'user.disabled', ban }, async (tx, user) => {
    assertGrantable(asked, user.roles)
    if (state === 'disabled') await assertAnotherOwner(tx, user)
    return { ...user, state }
  })
}

async function resetPassword(options: AccountsOptions, asked: Asked, userId: string): Promise<UserCreated> {
  const { password, hash } = await mintPassword(options.passwords)
  const ban = options.revocation.banUser({ tenantId: asked.tenantId, userId }, 'password reset')
  const user = await change(options, { asked, userId, action: 'user.password_reset', ban }, (tx, found) => {
    assertGrantable(asked, found.roles)
    return setPassword(tx, userId, { hash, expiresAt: new Date(options.now() + TEMPORARY_MS) })
  })
  return { user, password }
}

async function remove(options: AccountsOptions, asked: Asked, userId: string): Promise<void> {
  const ban = options.revocation.banGone({ tenantId: asked.tenantId, userId }, 'user removed')
  await change(options, { asked, userId, action: 'user.removed', ban }, async (tx, user) => {
    assertGrantable(asked, user.roles)
    await assertAnotherOwner(tx, user)
    return user
  }, async tx => {
    await tx.deleteFrom('identities').where('user_id', '=', userId).execute()
    await tx.updateTable('users').set({ state: 'removed', removed_at: new Date(options.now()), email: `removed:${userId}`, name: '', password_hash: null, roles: [] })
      .where('id', '=', userId).execute()
  })
}

/** Forgets removed accounts whose tokens have all ended. @returns how many */
export async function purgeRemoved(tx: Tx, batch: number, now: number): Promise<number> {
  const rows = await tx.selectFrom('users').select('id').where('removed_at', '<', new Date(now - REMEMBER_MS)).limit(batch).execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  await tx.deleteFrom('sessions').where('user_id', 'in', ids).execute()
  await tx.deleteFrom('users').where('id', 'in', ids).execute()
  return ids.length
}

async function changePassword(options: AccountsOptions, asked: Asked, { current, next }: { current: string, next: string }): Promise<void> {
  const { database, passwords, limiters, revocation } = options
  const { tenantId, principal: { userId, sessionId } } = asked
  await limiters.passwordPerUser.take(userId)
  const row = await database.inTenant(tenantId, tx => tx.selectFrom('users').select('password_hash').where('id', '=', userId).executeTakeFirst())
  if (!await passwords.verify(current, row?.password_hash ?? undefined)) throw new Problem('wrong_password', { errors: [{ path: 'current', message: 'is wrong' }] })
  if (current === next) throw new Problem('invalid_request', { errors: [{ path: 'next', message: 'must differ from the current one' }] })
  const hash = await passwords.hash(next)
  const ban = revocation.banUser({ tenantId, userId }, 'password changed', sessionId)
  await change(options, { asked, userId, action: 'user.password_changed', ban }, tx => setPassword(tx, userId, { hash }))
  await limiters.passwordPerUser.forgive(userId)
}

function setPassword(tx: Tx, userId: string, { hash, expiresAt }: { hash: string, expiresAt?: Date }): Promise<Row> {
  return tx.updateTable('users').set({ password_hash: hash, is_password_temporary: expiresAt !== undefined, password_expires_at: expiresAt ?? null })
    .where('id', '=', userId).returning(columns).executeTakeFirstOrThrow()
}

interface Change {
  asked: Asked
  userId: string
  action: string
  detail?: Record<string, readonly string[]>
  auditDetail?: () => Record<string, unknown>
  ban: Ban
}

/** Changes an account under its lock, so that of two changes, or a sign-in, one sees the other; then ends what has to end. */
async function change(
  { perform }: AccountsOptions, { asked, userId, action, detail, auditDetail, ban }: Change, apply: (tx: Tx, user: Row) => Promise<Row>, after?: (tx: Tx) => Promise<void>,
): Promise<Account> {
  const { result } = await perform({ ...toAct(asked), action, target: userId, ...detail && { detail } }, {
    run: async tx => {
      const user = await tx.selectFrom('users').select(columns).where('id', '=', userId).where('tenant_id', '=', asked.tenantId).where('state', '!=', 'removed').forUpdate().executeTakeFirst()
      if (!user) throw new Problem('not_found', { detail: 'There is no such user.' })
      const changed = await apply(tx, user)
      await ban.store(tx)
      await after?.(tx)
      return toAccount(changed)
    },
    ...auditDetail && { auditDetail },
  })
  await ban.enforce()
  return result
}

/** @throws {Problem} `last_owner` when nobody else could manage the tenant */
async function assertAnotherOwner(tx: Tx, { id, tenant_id: tenantId, roles }: Row): Promise<void> {
  const role = tenantId === PLATFORM_TENANT ? 'admin' : 'owner'
  if (!roles.includes(role)) return
  // Locked, so that two owners can't remove each other at once.
  const owners = await tx.selectFrom('users').select('id').where('tenant_id', '=', tenantId).where('state', '=', 'active')
    .where(sql<boolean>`${role} = any(roles)`).orderBy('id').forUpdate().execute()
  if (!owners.some(owner => owner.id !== id)) throw new Problem('last_owner')
}

/**
 * Nobody gives, takes or touches rights that they don't have themselves. Operators' accounts are the tenant `platform`'s, and its only ones.
 * @throws {Problem} `forbidden`, `invalid_request`
 */
function assertGrantable({ tenantId, principal, isOperators }: Asked, roles: readonly string[]): void {
  const isWrong = roles.some(role => (role === 'admin') !== (tenantId === PLATFORM_TENANT))
  if (isWrong) throw new Problem('invalid_request', { errors: [{ path: 'roles', message: 'the role admin is for the tenant platform, the others are for tenants' }] })
  if (!isOperators && !permissionsOf(roles).every(permission => principal.permissions.includes(permission))) {
    throw new Problem('forbidden', { detail: 'You cannot give or take rights that you do not have.' })
  }
}

