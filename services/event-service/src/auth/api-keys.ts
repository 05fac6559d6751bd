/** API keys of services: made, listed, used, revoked. */

import { randomUUID } from 'node:crypto'
import {
  permissions as allPermissions, PLATFORM_TENANT, rolePermissions, type Actor, type ApiKey, type ApiKeyCreated, type ApiKeyList, type CreateApiKey, type Principal,
} from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import { toAct, toKey, type Asked } from '../asked.ts'
import { createExpiringMap } from './expiring.ts'
import { listPage, type ListSearch } from '../database/lists.ts'
import { hashKey, mintKey, type MintedKey } from './key-form.ts'
import type { Revocation } from './revocation.ts'

const CACHE_SIZE = 10_000
const CACHE_MS = 30_000
const LAST_USED_EVERY_MS = 60_000

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
  perform: Perform
  revocation: Pick<Revocation, 'banGone'>
  now?: () => number
  /** Told when the last use of a key could not be noted. */
  onFault?: (error: unknown) => void
}

/** See {@link createApiKeys}. */
export interface ApiKeys {
  create: (key: NewApiKey) => Promise<{ id: string, key: string }>
  /** Makes a key for somebody who asks. @throws {Problem} `forbidden` for what they may not do themselves */
  createAsked: (asked: Asked, key: CreateApiKey) => Promise<ApiKeyCreated>
  /** Newest first; of every tenant without `tenantId`. */
  list: (tenantId: string | undefined, search: ListSearch) => Promise<ApiKeyList>
  /** Which tenant a key belongs to. @throws {Problem} `not_found` */
  tenantOf: (id: string) => Promise<string>
  /**
   * Whose key this is; many who ask at once for one that is not known cost one look at the database.
   * @param beforeReading runs where the database has to be asked, and may refuse
   * @throws {Problem} `unauthenticated` for an unknown, expired or revoked key
   */
  authenticate: (key: string, beforeReading?: () => Promise<void>) => Promise<Principal>
  /** Ends a key, and the realtime connections it opened. @throws {Problem} `not_found` */
  revoke: (tenantId: string, id: string) => Promise<void>
  /** The same for somebody who asks. */
  revokeAsked: (asked: Asked, id: string) => Promise<void>
  /** Waits for what is still being written. */
  close: () => Promise<void>
}

interface Known {
  principal: Principal
  expiresAt: number
}

/** Creates the service of API keys. */
export function createApiKeys(options: ApiKeysOptions): ApiKeys {
  const { database, now = Date.now } = options
  const cache = createExpiringMap<Known>(CACHE_SIZE)
  const uses = createUses(options)
  let revocations = 0
  const reading = new Map<string, Promise<Known>>()
  const find = async (hash: string): Promise<Known> => {
    const before = revocations
    const known = await read(database, hash)
    // What was read while a key was revoked may be that key.
    if (before === revocations) cache.set(hash, known, Math.min(known.expiresAt, now() + CACHE_MS))
    return known
  }
  const findOnce = (hash: string): Promise<Known> => {
    const running = reading.get(hash) ?? find(hash).finally(() => { reading.delete(hash) })
    reading.set(hash, running)
    return running
  }
  const revokeAs = async (act: Origin, id: string): Promise<void> => {
    await revoke(options, act, { id, onRevoked: () => { revocations++; cache.clear(); reading.clear() } })
  }
  return {
    ...createKeyLists(database),
    create: async ({ actor, tenantId, ...key }) => {
      const { minted: { key: secret }, result } = await create(options, { tenantId, actor }, { ...key })
      return { id: result.id, key: secret }
    },
    createAsked: async (asked, key) => {
      const { result, isRepeat, minted } = await create(options, toAct(asked), { ...toNew(asked, key), key: toKey(asked, 'api-keys', key) })
      return { apiKey: result, ...!isRepeat && { key: minted.key } }
    },
    authenticate: async (key, beforeReading) => {
      const hash = hashKey(key)
      const seen = cache.get(hash, now())
      if (!seen) await beforeReading?.()
      const { principal, expiresAt } = seen ?? await findOnce(hash)
      if (expiresAt <= now()) throw new Problem('unauthenticated', { detail: 'The API key has expired.' })
      uses.note(principal)
      return principal
    },
    revoke: (tenantId, id) => revokeAs({ tenantId, actor: { type: 'system', id: 'auth' } }, id),
    revokeAsked: (asked, id) => revokeAs(toAct(asked), id),
    close: uses.settle,
  }
}

/** Where an act on a key comes from. */
type Origin = ReturnType<typeof toAct> | { tenantId: string, actor: Actor }

/** What a key may do that this person asks for. */
function toNew({ tenantId, principal, isOperators }: Asked, { name, permissions, expiresAt }: CreateApiKey): Omit<NewApiKey, 'tenantId' | 'actor'> {
  const isWrong = permissions.some(permission => (permission === 'admin:*') !== (tenantId === PLATFORM_TENANT))
  if (isWrong) throw new Problem('invalid_request', { errors: [{ path: 'permissions', message: 'admin:* is for keys of the tenant platform, and all that they have' }] })
  const isOwner = rolePermissions.owner.every(permission => principal.permissions.includes(permission)) && principal.kind === 'user'
  if (!isOperators && !isOwner && !permissions.every(permission => principal.permissions.includes(permission))) {
    throw new Problem('forbidden', { detail: 'You cannot grant what you may not do yourself.' })
  }
  return { name, permissions: [...new Set(permissions)], ...expiresAt !== undefined && { expiresAt: new Date(expiresAt) } }
}

interface Created {
  minted: MintedKey
  result: ApiKey
  isRepeat: boolean
}

async function create({ perform, now = Date.now }: ApiKeysOptions, origin: Origin, { key, ...fresh }: Omit<NewApiKey, 'tenantId' | 'actor'> & { key?: ReturnType<typeof toKey> }): Promise<Created> {
  if (fresh.expiresAt && fresh.expiresAt.getTime() <= now()) throw new Problem('invalid_request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] })
  const minted = mintKey()
  const { name, permissions, expiresAt, isDemo = false } = fresh
  const id = randomUUID()
  const { result, isRepeat } = await perform({ ...origin, action: 'key.created', target: id, detail: { name, prefix: minted.prefix, permissions } }, {
    run: async tx => toApiKey(await tx.insertInto('api_keys').values({
      id, tenant_id: origin.tenantId, name, prefix: minted.prefix, hash: minted.hash, permissions: [...permissions], is_demo: isDemo, created_at: new Date(now()), ...expiresAt && { expires_at: expiresAt },
    }).returning(columns).executeTakeFirstOrThrow()), key,
  })
  return { minted, result, isRepeat }
}

async function revoke({ perform, revocation, now = Date.now }: ApiKeysOptions, origin: Origin, { id, onRevoked }: { id: string, onRevoked: () => void }): Promise<void> {
  const { tenantId } = origin
  await perform({ ...origin, action: 'key.revoked', target: id }, {
    run: async tx => {
      const row = await tx.updateTable('api_keys').set({ revoked_at: new Date(now()) }).where('id', '=', id).where('tenant_id', '=', tenantId).where('revoked_at', 'is', null)
        .returning('id').executeTakeFirst()
      if (!row) throw new Problem('not_found', { detail: 'There is no such key, or it was revoked before.' })
    },
  })
  onRevoked()
  await revocation.banGone({ tenantId, userId: id }, 'key revoked').enforce()
}

const columns = ['id', 'tenant_id', 'name', 'prefix', 'permissions', 'created_at', 'expires_at', 'last_used_at', 'revoked_at'] as const

interface Row {
  id: string
  tenant_id: string
  name: string
  prefix: string
  permissions: string[]
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

function toApiKey({ id, tenant_id: tenantId, name, prefix, permissions, ...times }: Row): ApiKey {
  return {
    id, tenantId, name, prefix, permissions, createdAt: times.created_at.toISOString(), ...times.expires_at && { expiresAt: times.expires_at.toISOString() },
    ...times.last_used_at && { lastUsedAt: times.last_used_at.toISOString() }, ...times.revoked_at && { revokedAt: times.revoked_at.toISOString() },
  }
}

function createKeyLists(database: Database): Pick<ApiKeys, 'list' | 'tenantOf'> {
  return {
    list: async (tenantId, search) => {
      const read = (tx: Tx): Promise<{ rows: Row[], next?: string }> => {
        const select = tx.selectFrom('api_keys').select(columns)
        return listPage(tenantId === undefined ? select : select.where('tenant_id', '=', tenantId), search, { words: 'name', by: 'created_at', kind: 'time', id: 'id' })
      }
      const { rows, next } = await (tenantId === undefined ? database.inSystem(read) : database.inTenant(tenantId, read))
      return { apiKeys: rows.map(toApiKey), ...next !== undefined && { next } }
    },
    tenantOf: async id => {
      const row = await database.inSystem(tx => tx.selectFrom('api_keys').select('tenant_id').where('id', '=', id).executeTakeFirst())
      if (!row) throw new Problem('not_found', { detail: 'There is no such key.' })
      return row.tenant_id
    },
  }
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

const isPermission = (name: string): boolean => allPermissions.some(permission => permission === name)
