/**
 * API keys of services: 256 random bits behind a recognisable prefix, shown once, kept as SHA-256. Looking a key up by its hash takes
 * the same time whatever was guessed.
 */

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { permissions as allPermissions, type Actor, type Principal } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { appendAudit } from '../plugins/audit.ts'
import { createExpiringMap } from './expiring.ts'
import type { Revocation } from './revocation.ts'

const KEY = /^neo_[\w-]{43}$/
const SHOWN_CHARACTERS = 12
const CACHE_SIZE = 10_000
const CACHE_MS = 30_000
const LAST_USED_EVERY_MS = 60_000

/** A key before it is stored. `key` is seen this once. */
export interface MintedKey {
  key: string
  prefix: string
  hash: string
}

/** What a new key may do. */
export interface NewApiKey {
  tenantId: string
  name: string
  permissions: readonly string[]
  expiresAt?: Date
  /** Whether its events are recorded under the actor type `demo`. @default false */
  isDemo?: boolean
  /** Who makes it, for the audit trail. */
  actor: Actor
}

/** What the keys are kept in. */
export interface ApiKeysOptions {
  database: Database
  revocation: Pick<Revocation, 'revokeUser'>
  now?: () => number
  /** Told when the last use of a key could not be noted. */
  onFault?: (error: unknown) => void
}

/** See {@link createApiKeys}. */
export interface ApiKeys {
  create: (key: NewApiKey) => Promise<{ id: string, key: string }>
  /** @throws {Problem} `unauthenticated` for an unknown, expired or revoked key */
  authenticate: (key: string) => Promise<Principal>
  /** Whether this key was seen a moment ago, so that checking it costs nothing. */
  isKnown: (key: string) => boolean
  /** Ends a key, and the realtime connections it opened. */
  revoke: (tenantId: string, id: string) => Promise<void>
  /** Waits for what is still being written. */
  close: () => Promise<void>
}

interface Known {
  principal: Principal
  expiresAt: number
}

/** Whether a bearer has the shape of an API key. */
export function isApiKey(bearer: string): boolean {
  return KEY.test(bearer)
}

/** Makes a key; nothing is stored. */
export function mintKey(): MintedKey {
  const key = `neo_${randomBytes(32).toString('base64url')}`
  return { key, prefix: key.slice(0, SHOWN_CHARACTERS), hash: hashOf(key) }
}

/** Creates the service of API keys. */
export function createApiKeys(options: ApiKeysOptions): ApiKeys {
  const { database, revocation, now = Date.now } = options
  const cache = createExpiringMap<Known>(CACHE_SIZE)
  const uses = createUses(options)
  let revocations = 0
  const find = async (hash: string): Promise<Known> => {
    const before = revocations
    const known = cache.get(hash, now()) ?? await read(database, hash)
    // What was read while a key was revoked may be that key.
    if (before === revocations) cache.set(hash, known, Math.min(known.expiresAt, now() + CACHE_MS))
    return known
  }
  return {
    create: key => database.inTenant(key.tenantId, tx => insertKey(tx, key, now())),
    isKnown: key => cache.get(hashOf(key), now()) !== undefined,
    authenticate: async key => {
      const { principal, expiresAt } = await find(hashOf(key))
      if (expiresAt <= now()) throw new Problem('unauthenticated', { detail: 'The API key has expired.' })
      uses.note(principal)
      return principal
    },
    revoke: async (tenantId, id) => {
      await database.inTenant(tenantId, tx => tx.updateTable('api_keys').where('id', '=', id).set({ revoked_at: new Date(now()) }).execute())
      revocations++
      cache.clear()
      await revocation.revokeUser({ tenantId, userId: id }, 'key revoked')
    },
    close: uses.settle,
  }
}

/** Stores a new key and its audit row. */
async function insertKey(tx: Tx, { tenantId, name, permissions, expiresAt, isDemo = false, actor }: NewApiKey, now: number): Promise<{ id: string, key: string }> {
  const { key, prefix, hash } = mintKey()
  const id = randomUUID()
  await tx.insertInto('api_keys').values({
    id, tenant_id: tenantId, name, prefix, hash, permissions: [...permissions], is_demo: isDemo, ...expiresAt && { expires_at: expiresAt },
  }).execute()
  await appendAudit(tx, { tenantId, actor, action: 'key.created', target: id, detail: { name, prefix, permissions } }, now)
  return { id, key }
}

async function read(database: Database, hash: string): Promise<Known> {
  const row = await database.inSystem(tx => tx.selectFrom('api_keys').select(['id', 'tenant_id', 'permissions', 'expires_at', 'is_demo'])
    .where('hash', '=', hash).where('revoked_at', 'is', null).executeTakeFirst())
  if (!row) throw new Problem('unauthenticated', { detail: 'The API key is not valid.' })
  return {
    principal: {
      kind: 'service', userId: row.id, tenantId: row.tenant_id, roles: [], permissions: row.permissions.filter(isPermission),
      ...row.is_demo && { isDemo: true as const },
    },
    expiresAt: row.expires_at?.getTime() ?? Infinity,
  }
}

/** Notes the last use of keys outside the request, each at most once a minute. */
function createUses({ database, now = Date.now, onFault = () => undefined }: ApiKeysOptions): { note: (key: Principal) => void, settle: () => Promise<void> } {
  const noted = createExpiringMap<true>(CACHE_SIZE)
  const running = new Set<Promise<void>>()
  const write = async ({ tenantId, userId }: Principal): Promise<void> => {
    await database.inTenant(tenantId, tx => tx.updateTable('api_keys').where('id', '=', userId).set({ last_used_at: new Date(now()) }).execute())
  }
  return {
    note: key => {
      if (noted.get(key.userId, now())) return
      noted.set(key.userId, true, now() + LAST_USED_EVERY_MS)
      const done = write(key).catch(onFault).finally(() => running.delete(done))
      running.add(done)
    },
    settle: async () => { await Promise.all(running) },
  }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

const isPermission = (name: string): boolean => allPermissions.some(permission => permission === name)
