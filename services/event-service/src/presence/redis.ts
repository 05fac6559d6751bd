/**
 * The presence store on one Redis ≥ 6.2, shared by all processes. Each record is a key with a time to live of its own, renewed by
 * each change: nobody has to clean up after a process that died. What must happen at once is a script.
 */

import { Redis } from 'ioredis'
import { Problem } from '../errors.ts'
import type { PresenceRecord } from './record.ts'
import { LEASE_MS, type PresenceStore, type StoredTenant, type Told, type UserKey } from './store.ts'

/** Where Redis is. */
export interface RedisStoreOptions {
  /** For example `redis://user:password@host:6379`. */
  url: string
  /** What every key begins with. @default 'neo:presence:' */
  prefix?: string
  /** Told of a connection that broke; another is made. */
  onFault?: (error: unknown) => void
}

/** What the Redis user of this store may do, as an ACL rule: these commands on these keys and nothing else. */
export const redisAcl: string = 'resetchannels ~neo:presence:* +get +mget +set +del +incr +pexpire +sadd +srem +smembers +zadd +zrem +zrangebyscore +eval +ping'

/** A record that nobody changes goes after this time: a day as offline, and some to notice it. In milliseconds. */
const KEEP_MS = 86_400_000 + 600_000
/** A command that takes longer counts as unanswered, in milliseconds. */
const COMMAND_MS = 1500
/** Changes of one record that others were ahead of, before the caller hears of it. */
const TRIES = 200
/** Due records taken at once. */
const BATCH = 500

/** Replaces a record that is still as it was read; an empty text is none. Keys: record, users of the tenant, schedule. */
const REPLACE = `
if (redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('del', KEYS[1])
  redis.call('srem', KEYS[2], ARGV[3])
  redis.call('zrem', KEYS[3], ARGV[4])
else
  redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[6])
  redis.call('sadd', KEYS[2], ARGV[3])
  redis.call('pexpire', KEYS[2], ARGV[6])
  redis.call('zadd', KEYS[3], ARGV[5], ARGV[4])
end
return 1`

/** Takes what is due and puts it off. Key: schedule. */
const TAKE = `
local due = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do redis.call('zadd', KEYS[1], ARGV[2], member) end
return due`

/** Counts the version up and reads records. Keys: version, records. */
const TELL = `
local version = ARGV[1]
if redis.call('set', KEYS[1], version, 'NX', 'PX', ARGV[2]) == false then
  version = redis.call('incr', KEYS[1])
  redis.call('pexpire', KEYS[1], ARGV[2])
end
local answer = { tostring(version) }
for index = 2, #KEYS do answer[index] = redis.call('get', KEYS[index]) or '' end
return answer`

interface Store {
  redis: Redis
  prefix: string
}

/** Connects when it is first used; every method rejects with the {@link Problem} `unavailable` while Redis does not answer. */
export function createRedisStore({ url, prefix = 'neo:presence:', onFault = () => undefined }: RedisStoreOptions): PresenceStore {
  const redis = new Redis(url, {
    lazyConnect: true, commandTimeout: COMMAND_MS, connectTimeout: COMMAND_MS, maxRetriesPerRequest: 1, enableReadyCheck: false, disableClientInfo: true,
    retryStrategy: tries => Math.min(50 * tries, 500),
  })
  redis.on('error', onFault)
  const store: Store = { redis, prefix }
  return {
    change: (key, change) => changeRecord(store, key, change),
    takeDue: now => guarded(async () => {
      const members = await redis.eval(TAKE, 1, scheduleKey(store), now, now + LEASE_MS, BATCH) as string[]
      return members.map(toUserKey)
    }),
    tell: (tenantId, userIds, start) => guarded(() => tell(store, tenantId, { userIds, start })),
    list: (tenantId, start) => guarded(() => list(store, tenantId, start)),
    close: async () => { redis.disconnect() },
  }
}

const scheduleKey = ({ prefix }: Store): string => `${prefix}due`
const versionKey = ({ prefix }: Store, tenantId: string): string => `${prefix}${tenantId}:version`
const usersKey = ({ prefix }: Store, tenantId: string): string => `${prefix}${tenantId}:users`
const recordKey = ({ prefix }: Store, { tenantId, userId }: UserKey): string => `${prefix}${tenantId}:user:${userId}`
const toMember = ({ tenantId, userId }: UserKey): string => `${tenantId}/${userId}`

function toUserKey(member: string): UserKey {
  const [tenantId = '', userId = ''] = member.split('/')
  return { tenantId, userId }
}

const parse = (text: string | null | undefined): PresenceRecord | undefined => text ? JSON.parse(text) as PresenceRecord : undefined

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new Problem('unavailable', { retryAfter: 1, cause })
  }
}

/** What `change` throws is the caller's own and stays as it is. */
async function changeRecord(store: Store, key: UserKey, change: Parameters<PresenceStore['change']>[1]): Promise<PresenceRecord | undefined> {
  for (let count = 0; count < TRIES; count++) {
    const text = await guarded(() => store.redis.get(recordKey(store, key))) ?? ''
    const known = parse(text)
    const next = change(known)
    if (next === known) return known
    const keys = [recordKey(store, key), usersKey(store, key.tenantId), scheduleKey(store)]
    const values = [text, next ? JSON.stringify(next) : '', key.userId, toMember(key), next?.lookAt ?? 0, KEEP_MS]
    if (await guarded(() => store.redis.eval(REPLACE, keys.length, ...keys, ...values)) === 1) return next
  }
  throw new Problem('unavailable', { retryAfter: 1 })
}

async function tell(store: Store, tenantId: string, { userIds, start }: { userIds: readonly string[], start: number }): Promise<Told> {
  const keys = [versionKey(store, tenantId), ...userIds.map(userId => recordKey(store, { tenantId, userId }))]
  const [version, ...texts] = await store.redis.eval(TELL, keys.length, ...keys, start, KEEP_MS) as string[]
  return { version: Number(version), users: texts.flatMap(text => parse(text)?.told ?? []) }
}

/** Who is named but gone has outlived the time to live. */
async function list(store: Store, tenantId: string, start: number): Promise<StoredTenant> {
  const { redis } = store
  await redis.set(versionKey(store, tenantId), start, 'PX', KEEP_MS, 'NX')
  const version = Number(await redis.get(versionKey(store, tenantId)))
  const userIds = await redis.smembers(usersKey(store, tenantId))
  if (userIds.length === 0) return { records: [], version }
  const texts = await redis.mget(userIds.map(userId => recordKey(store, { tenantId, userId })))
  const gone = userIds.filter((_, index) => texts[index] === null)
  if (gone.length > 0) await redis.srem(usersKey(store, tenantId), ...gone)
  return { records: texts.flatMap(text => parse(text) ?? []), version }
}

/** Milliseconds that a Redis has for its answer to {@link probeRedis}. */
const PROBE_MS = 3000

/** What a Redis says of itself. */
export interface RedisFacts {
  /** Milliseconds that it took to answer. */
  tookMs: number
}

/** Looks at a Redis. Its user may do no more than presence needs, so nothing else is asked. Rejects when it cannot be reached. */
export async function probeRedis(url: string): Promise<RedisFacts> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: PROBE_MS, commandTimeout: PROBE_MS, maxRetriesPerRequest: 0, retryStrategy: () => null })
  // The cause is only told here; the calls that wait just learn that the connection is closed.
  let cause: unknown
  redis.on('error', (error: unknown) => { cause ??= error })
  try {
    await redis.connect()
    const startedAt = performance.now()
    await redis.ping()
    return { tookMs: performance.now() - startedAt }
  } catch (error) {
    throw cause ?? error
  } finally {
    redis.disconnect()
  }
}
