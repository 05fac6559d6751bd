/** First accounts: the demonstration's tenants, users and keys, or one operator. Running it again adds nothing. */

import { randomBytes, randomUUID } from 'node:crypto'
import { permissions, PLATFORM_TENANT, type Actor, type Role } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { appendAudit } from '../plugins/audit.ts'

/** A sign-in as it is shown once and kept in `demo.json`. */
export interface SeededUser {
  email: string
  password: string
  tenantId: string
  role: Role
}

/** A key as it is shown once and kept in `demo.json`; `tenantId` is null for the operator's. */
export interface SeededKey {
  tenantId: string | null
  key: string
  permissions: readonly string[]
}

/** What was added: empty when everything was there. */
export interface Seeded {
  users: SeededUser[]
  apiKeys: SeededKey[]
}

/** What seeding is done with. */
export interface SeedOptions {
  database: Database
  hashPassword: (password: string) => Promise<string>
  /** Makes a key: `hash` is stored, `key` is seen once. */
  mintKey: () => { key: string, prefix: string, hash: string }
  now?: () => number
}

const tenants = [{ id: 'acme', name: 'Acme' }, { id: 'globex', name: 'Globex' }]
const roles = ['owner', 'manager', 'member', 'viewer'] as const
/** Who takes exams and who watches over them, in the first tenant. */
const examiners = [{ email: 'candidate@acme.example', tenantId: 'acme', role: 'member' }, { email: 'proctor@acme.example', tenantId: 'acme', role: 'manager' }] as const
const keyName = 'demo'
const actor: Actor = { type: 'demo', id: 'seed' }
const operator = { email: 'operator@neo.example', tenantId: PLATFORM_TENANT, role: 'admin' } as const

/** Everything a tenant's key may hold. */
const tenantPermissions = permissions.filter(permission => permission !== 'admin:*')

/** Adds the demonstration's tenants, their users and keys, an operator and the operator's key. */
export async function seedDemo(options: SeedOptions): Promise<Seeded> {
  const { database, now = Date.now } = options
  await database.inSystem(tx => tx.insertInto('tenants').values(tenants).onConflict(conflict => conflict.doNothing()).execute())
  const wanted = tenants.flatMap(({ id }) => roles.map(role => ({ email: `${role}@${id}.example`, tenantId: id, role })))
  const users = await addUsers(options, [...wanted, ...examiners, operator])
  const apiKeys = await database.inSystem(async tx => {
    const added = []
    for (const tenantId of [...tenants.map(({ id }) => id), PLATFORM_TENANT]) added.push(...await addKey(tx, tenantId, { mintKey: options.mintKey, now: now() }))
    return added
  })
  return { users, apiKeys }
}

/** Adds one operator to an installation without users. Its password is shown once. */
export async function createOperator(options: SeedOptions): Promise<Seeded> {
  const hasOperator = await options.database.inSystem(tx => tx.selectFrom('users').select('id').where('tenant_id', '=', PLATFORM_TENANT).executeTakeFirst())
  return { users: hasOperator ? [] : await addUsers(options, [operator]), apiKeys: [] }
}

async function addUsers({ database, hashPassword, now = Date.now }: SeedOptions, wanted: readonly Omit<SeededUser, 'password'>[]): Promise<SeededUser[]> {
  const existing = await database.inSystem(tx => tx.selectFrom('users').select('email').where('email', 'in', wanted.map(({ email }) => email)).execute())
  const known = new Set(existing.map(({ email }) => email))
  // Hashing takes time, and a transaction may not await it.
  const users = await Promise.all(wanted.filter(({ email }) => !known.has(email)).map(async user => {
    const password = randomBytes(12).toString('base64url')
    return { ...user, password, hash: await hashPassword(password) }
  }))
  await database.inSystem(async tx => {
    for (const user of users) await insertUser(tx, user, now())
  })
  return users.map(({ hash: _, ...user }) => user)
}

async function insertUser(tx: Tx, { email, tenantId, role, hash }: SeededUser & { hash: string }, now: number): Promise<void> {
  const id = randomUUID()
  const [first = ''] = email.split('@')
  const name = first.charAt(0).toUpperCase() + first.slice(1)
  await tx.insertInto('users').values({ id, tenant_id: tenantId, email, name, password_hash: hash, roles: [role] }).execute()
  await appendAudit(tx, { tenantId, actor, action: 'user.created', target: id, detail: { role } }, now)
}

async function addKey(tx: Tx, tenantId: string, { mintKey, now }: Pick<SeedOptions, 'mintKey'> & { now: number }): Promise<SeededKey[]> {
  const existing = await tx.selectFrom('api_keys').select('id').where('tenant_id', '=', tenantId).where('name', '=', keyName).executeTakeFirst()
  if (existing) return []
  const { key, prefix, hash } = mintKey()
  const isPlatform = tenantId === PLATFORM_TENANT
  const granted = isPlatform ? ['admin:*'] : [...tenantPermissions]
  const id = randomUUID()
  await tx.insertInto('api_keys').values({ id, tenant_id: tenantId, name: keyName, prefix, hash, permissions: granted }).execute()
  await appendAudit(tx, { tenantId, actor, action: 'key.created', target: id, detail: { name: keyName, prefix, permissions: granted } }, now)
  return [{ tenantId: isPlatform ? null : tenantId, key, permissions: granted }]
}
