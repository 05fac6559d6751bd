/** PresenceService (specification 4.1): who is here, merged over connections and told in batches. */

import { randomBytes } from 'node:crypto'
import { formatChannel, uuidv7, type PresenceList, type SetPresence, type UserPresence } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { createMemoryStore } from './memory.ts'
import { beat, countEnds, createRecord, describe, leave, look, resume, toPresence, type Person, type PresenceEnds, type PresenceRecord } from './record.ts'
import type { ConnectionKey, PresenceStore, UserKey } from './store.ts'

/** Connections of one user. */
const MAX_CONNECTIONS = 50
/** Users in one event, so that a thousand who come at once are no single huge message. */
const MAX_TOLD = 200

/** What the service needs. */
export interface PresenceOptions {
  realtime: Pick<Realtime, 'deliver'>
  store?: PresenceStore
  now?: () => number
  /** Changes are gathered this long, in milliseconds. @default 250 */
  batchMs?: number
  onFault?: (error: unknown) => void
  /** Told of connections that ended. */
  onEnds?: (ends: PresenceEnds) => void
}

/** Who is here, per tenant. */
export class PresenceService {
  readonly #options: Required<PresenceOptions>
  readonly #timer: NodeJS.Timeout
  #telling: Promise<void> = Promise.resolve()
  #isTelling = false

  constructor(options: PresenceOptions) {
    this.#options = { store: createMemoryStore(), now: Date.now, batchMs: 250, onFault: () => undefined, onEnds: () => undefined, ...options }
    this.#timer = setInterval(() => { if (!this.#isTelling) void this.#tell() }, this.#options.batchMs).unref()
  }

  /**
   * Takes a heartbeat of one connection; `readPerson` is asked when the connection is new.
   * @throws {Problem} `unprocessable` for too many connections of one user
   */
  async updatePresence(key: ConnectionKey, readPerson: () => Promise<Person>, said: SetPresence): Promise<UserPresence> {
    const { store, now } = this.#options
    const { userId, connectionId } = key
    const take = (record: PresenceRecord): PresenceRecord => beat(record, connectionId, { said, now: now() })
    const known = await store.change(key, record => record?.connections[connectionId] ? take(record) : record)
    if (known?.connections[connectionId]) return toPresence(known, now())
    const person = await readPerson()
    const made = await store.change(key, record => take(record ? admit(describe(record, person, now())) : createRecord(userId, person, now())))
    return toPresence(made ?? createRecord(userId, person, now()), now())
  }

  /** One connection left; its user is offline when no other is alive after the grace. */
  async setOffline(key: ConnectionKey): Promise<void> {
    await this.#options.store.change(key, record => record && leave(record, key.connectionId, this.#options.now()))
  }

  /** A connection that was lost is there again. */
  async setBack(key: ConnectionKey): Promise<void> {
    await this.#options.store.change(key, record => record && resume(record, key.connectionId, this.#options.now()))
  }

  /** What the account says of somebody has changed. */
  async setPerson(key: UserKey, person: Person): Promise<void> {
    await this.#options.store.change(key, record => record && describe(record, person, this.#options.now()))
  }

  /** Everybody seen lately, and the version the list stands at: what came before is in it, what comes after may be. */
  async getPresenceList(tenantId: string): Promise<PresenceList> {
    const { store, now } = this.#options
    await this.#tell()
    const { records, version } = await store.list(tenantId, now())
    return { users: records.map(record => toPresence(record, now())), version }
  }

  /** Stops telling. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#telling
    await this.#options.store.close()
  }

  /** One round after the other, so that versions leave in their order. */
  #tell(): Promise<void> {
    this.#isTelling = true
    const round = this.#telling.then(() => this.#tellDue()).catch(this.#options.onFault)
    this.#telling = round.finally(() => { this.#isTelling = false })
    return this.#telling
  }

  async #tellDue(): Promise<void> {
    const { store, now } = this.#options
    const due = await store.takeDue(now())
    const changed = new Map<string, string[]>()
    await Promise.all(due.map(async key => {
      if (await this.#look(key)) changed.set(key.tenantId, [...changed.get(key.tenantId) ?? [], key.userId])
    }))
    for (const [tenantId, userIds] of changed) await this.#deliver(tenantId, userIds)
  }

  /** @returns whether others see a change */
  async #look(key: UserKey): Promise<boolean> {
    const { store, now, onEnds } = this.#options
    let hasChanged = false
    let ends: PresenceEnds | undefined
    const kept = await store.change(key, record => {
      const at = now()
      const next = record && look(record, at)
      ends = record && countEnds(record, at)
      hasChanged = next !== undefined && next.told !== record?.told
      return next
    })
    if (ends && ends.all > 0) onEnds(ends)
    return kept !== undefined && hasChanged
  }

  async #deliver(tenantId: string, userIds: readonly string[]): Promise<void> {
    const { store, now, realtime } = this.#options
    for (let first = 0; first < userIds.length; first += MAX_TOLD) {
      const time = now()
      const { version, users } = await store.tell(tenantId, userIds.slice(first, first + MAX_TOLD), time)
      await realtime.deliver([{
        id: uuidv7(time, randomBytes(10)), type: 'presence_update', channel: formatChannel('presence', { tenantId }), tenantId,
        time: new Date(time).toISOString(), actor: { type: 'system', id: 'presence' }, data: { users, version },
      }])
    }
  }
}

function admit(record: PresenceRecord): PresenceRecord {
  if (Object.keys(record.connections).length >= MAX_CONNECTIONS) throw new Problem('unprocessable', { detail: 'This user has too many connections.' })
  return record
}
