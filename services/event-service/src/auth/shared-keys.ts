/**
 * Signing keys of an installation of several processes, kept in the database where only its owner may read them. A new key is shown
 * by every process before the first one signs with it, and the old ones are accepted long after: no token is refused while keys rotate.
 */

import type { Database } from '../database/database.ts'
import { createKeySet, readKeySet, type KeySet } from './keys.ts'

/** What the keys are kept in. */
export interface SharedKeysOptions {
  database: Pick<Database, 'jobs'>
  now?: () => number
  /** Milliseconds between two looks at the store. @default 2_000 */
  everyMs?: number
  /** Told of a look that failed; the next one tries again. */
  onFault?: (error: unknown) => void
}

/** A key set that follows the store. */
export interface SharedKeys extends KeySet {
  /** Looks at the store now. */
  reload: () => Promise<void>
  close: () => void
}

/** From a rotation until the new key signs: everybody has read it by then. */
const LEAD_MS = 30_000
/** A key whose successor has signed for this long verifies nothing any more: tokens live minutes, Centrifugo keeps keys an hour. */
const KEEP_MS = 3_600_000

interface StoredKey {
  jwk: Parameters<typeof readKeySet>[0]['keys'][number]
  signsFrom: number
}

interface Stored {
  secret: string
  keys: StoredKey[]
}

/** Opens the keys, and makes the first one. */
export async function openSharedKeys(options: SharedKeysOptions): Promise<SharedKeys> {
  const { database, now = Date.now, everyMs = 2000, onFault = () => undefined } = options
  if ((await read(database)).keys.length === 0) await add(database, { signsFrom: now() })
  let stored = await read(database)
  let [current, text] = [await toKeySet(stored, now()), '']
  const follow = async (): Promise<void> => {
    const order = toOrder(stored, now())
    if (JSON.stringify(order) !== text) [current, text] = [await readKeySet(order), JSON.stringify(order)]
  }
  const reload = async (): Promise<void> => {
    stored = await read(database)
    await follow()
  }
  const timer = setInterval(() => { reload().catch(onFault).then(follow).catch(onFault) }, everyMs).unref()
  return {
    get signing() { return current.signing },
    get verifying() { return current.verifying },
    get secret() { return current.secret },
    get jwks() { return current.jwks },
    toJSON: () => current.toJSON(),
    reload,
    close: () => { clearInterval(timer) },
  }
}

/**
 * Adds a key that signs in half a minute, and forgets those that have verified long enough.
 * @returns when it signs, in milliseconds since 1970
 */
export async function rotateSharedKeys({ database, now = Date.now }: Pick<SharedKeysOptions, 'database' | 'now'>): Promise<number> {
  const signsFrom = now() + LEAD_MS
  await add(database, { signsFrom })
  await database.jobs.executeSql(`delete from signing_keys old where exists (
    select from signing_keys newer where newer.signs_from > old.signs_from and newer.signs_from < to_timestamp($1::double precision / 1000))`, [now() - KEEP_MS])
  return signsFrom
}

/** A secret that every process of an installation has: of those that offer one, the first one's. */
export async function openSharedSecret({ database, name, offer }: Pick<SharedKeysOptions, 'database'> & { name: string, offer: string }): Promise<string> {
  await database.jobs.executeSql('insert into installation_secrets (name, value) values ($1, $2) on conflict do nothing', [name, offer])
  return readSecret(database, name)
}

async function readSecret(database: Pick<Database, 'jobs'>, name: string): Promise<string> {
  const { rows } = await database.jobs.executeSql('select value from installation_secrets where name = $1', [name])
  return String((rows as { value: string }[])[0]?.value)
}

async function add(database: Pick<Database, 'jobs'>, { signsFrom }: { signsFrom: number }): Promise<void> {
  const { secret, keys: [jwk] } = (await createKeySet()).toJSON()
  await openSharedSecret({ database, name: 'refresh', offer: secret })
  await database.jobs.executeSql('insert into signing_keys (kid, jwk, signs_from) values ($1, $2, to_timestamp($3::double precision / 1000))', [jwk?.kid, JSON.stringify(jwk), signsFrom])
}

async function read(database: Pick<Database, 'jobs'>): Promise<Stored> {
  const keys = await database.jobs.executeSql('select jwk, extract(epoch from signs_from) * 1000 as signs_from from signing_keys order by signs_from, kid')
  return {
    secret: await readSecret(database, 'refresh'),
    keys: (keys.rows as { jwk: StoredKey['jwk'], signs_from: string | number }[]).map(row => ({ jwk: row.jwk, signsFrom: Number(row.signs_from) })),
  }
}

/** The key that signs comes first: the newest whose time has come. */
function toOrder({ secret, keys }: Stored, now: number): Parameters<typeof readKeySet>[0] {
  const signing = keys.findLast(key => key.signsFrom <= now) ?? keys[0]
  return { secret, keys: [...signing ? [signing.jwk] : [], ...keys.filter(key => key !== signing).map(({ jwk }) => jwk)] }
}

const toKeySet = (stored: Stored, now: number): Promise<KeySet> => readKeySet(toOrder(stored, now))
