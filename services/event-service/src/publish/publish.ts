/** The door of the write path: parses and authorizes what a principal wants to publish. */

import { createHash } from 'node:crypto'
import { authorize, parseChannel, parseEvent, type Actor, type Channel, type Principal, type Publish, type Published, type PublishRequest } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { toActivity, type Told } from './activity.ts'
import { encodeData } from './encoded.ts'
import { toStorableData } from './storable.ts'
import type { DraftEvent, Submission, WritePath } from './write-path.ts'

/** Several events to be written together. */
export interface PublishMany {
  events: readonly PublishRequest[]
  idempotencyKey?: string
}

/** The actor that a principal's acts are recorded under. */
export function actorOf({ kind, userId, isDemo }: Pick<Principal, 'kind' | 'userId' | 'isDemo'>): Actor {
  return { type: isDemo ? 'demo' : kind, id: userId }
}

/**
 * Publishes as a principal, all or nothing, in one transaction.
 * @throws {Problem} `unknown_channel`, `unknown_event_type`, `invalid_request`, `forbidden`, `not_found`, `unprocessable` for
 * events of two tenants, or what the write path refuses with
 */
export async function publishAs(writePath: WritePath, principal: Principal, { events, idempotencyKey }: PublishMany): Promise<Published[]> {
  const path = (index: number): string => events.length > 1 ? `events.${index}.` : ''
  const actor = actorOf(principal)
  const drafts = events.map((event, index) => ({ ...toDraft(principal, event, path(index)), actor }))
  const [first] = drafts
  if (!first) return []
  if (drafts.some(draft => draft.channel.tenantId !== first.channel.tenantId)) {
    throw new Problem('unprocessable', { detail: 'All events of a batch belong to one tenant.' })
  }
  const scope = drafts.length === 1 ? first.channel.name : 'events/batch'
  return await write(writePath, drafts, keyOf(scope, events, idempotencyKey))
}

/** An event that a person commands, and what the tenant's activity calls that. */
export interface Commanded {
  event: PublishRequest
  act: Pick<Told, 'action' | 'target' | 'detail'>
  idempotencyKey?: string | undefined
}

/**
 * Publishes what a principal commands; of a person it is told in the tenant's activity, in the same transaction.
 * @throws {Problem} as {@link publishAs}
 */
export async function publishCommand(writePath: WritePath, principal: Principal, { event, act, idempotencyKey }: Commanded): Promise<Published> {
  const draft = { ...toDraft(principal, event, ''), actor: actorOf(principal) }
  const { tenantId, name } = draft.channel
  const told = principal.kind === 'user' ? [toActivity({ ...act, tenantId, actor: draft.actor })] : []
  const [published] = await write(writePath, [draft, ...told], keyOf(name, [event], idempotencyKey))
  if (!published) throw new Problem('internal')
  return published
}

/** A {@link Publish} for the platform's own parts: no authorization, under a given actor. */
export function createInternalPublish(writePath: WritePath, actor: Actor): Publish {
  return async ({ idempotencyKey, ...event }) => {
    const channel = parseName(event.channel, '')
    const draft = { ...check(channel, event, ''), actor }
    const [published] = await write(writePath, [draft], keyOf(channel.name, [event], idempotencyKey))
    if (!published) throw new TypeError('the write path answered nothing')
    return published
  }
}

/** Writes drafts of one tenant; without an answer of its own a submission is answered with what was published. */
async function write(writePath: WritePath, events: readonly DraftEvent[], key: Submission['key']): Promise<Published[]> {
  const tenantId = events[0]?.channel.tenantId ?? ''
  return await writePath.write({ tenantId, events, ...key && { key } }) as Published[]
}

function keyOf(scope: string, body: unknown, key: string | undefined): Submission['key'] {
  return key === undefined ? undefined : { scope, key, bodyHash: hashOf(body) }
}

function toDraft(principal: Principal, event: PublishRequest, path: string): Omit<DraftEvent, 'actor'> {
  const channel = parseName(event.channel, path)
  const decision = authorize(principal, channel, 'publish')
  if (!decision.allowed) throw new Problem(decision.status === 404 ? 'not_found' : 'forbidden')
  return check(channel, event, path)
}

function parseName(name: string, path: string): Channel {
  const channel = parseChannel(name)
  if (!channel) throw new Problem('unknown_channel', { errors: [{ path: `${path}channel`, message: 'no channel has this form' }] })
  return channel
}

function check(channel: Channel, { type, data }: { type: string, data: unknown }, path: string): Omit<DraftEvent, 'actor'> {
  const parsed = parseEvent(channel, type, data)
  if (!parsed.ok) throw new Problem(parsed.code, { errors: parsed.faults.map(fault => ({ ...fault, path: path + fault.path })) })
  return { channel, type: parsed.type, data: toStorableData(parsed.data, encodeData(parsed.data)) }
}

/** A hash that does not depend on the order of keys. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(sorted(value))).digest('base64url')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, one]) => [key, sorted(one)]))
}
