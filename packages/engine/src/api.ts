/** The server API's methods: fields of a request in, JSON text of a result out. Source: PROTOCOL 2.2, 2.3, 6.22–6.27. */
import type { Control, SubscribeTarget, Target } from './control.ts'
import { ERRORS, EngineError } from './errors.ts'
import { BodyError, Fields } from './fields.ts'
import type { Inspection } from './inspection.ts'
import { infoText, publicationText } from './json-reply.ts'
import { isJson } from './json-text.ts'
import type { HttpApiOptions } from './options.ts'
import { toOverride } from './overrides.ts'
import { encodedJson, toOptionalJson } from './payload.ts'
import type { EncodedJson } from './payload.ts'
import type { BroadcastResult, PublishOptions, Publishing } from './publishing.ts'

/** What the methods act on. */
export type ApiParts = Publishing & Control & Inspection

/** How the engine is called. */
export interface ApiIdentity {
  readonly node: string
  readonly name: string
  readonly version: string
  now(): number
  /** Answers `rpc`; undefined: no such method. */
  readonly rpc: HttpApiOptions['rpc']
}

/** One method. Throws or rejects with `EngineError`, or `BodyError` for a field of a wrong type. */
export type ApiMethod = (fields: Fields) => string | Promise<string>

/** An error as it is written. */
export interface ApiError {
  readonly code: number
  readonly message: string
}

/** The methods by name. `batch` alone answers without `result` around it. */
export function createApi(parts: ApiParts, identity: ApiIdentity): ReadonlyMap<string, ApiMethod> {
  const methods = new Map<string, ApiMethod>([
    ...publishing(parts), ...controlling(parts), ...reading(parts),
    ['info', infoMethod(parts, identity)],
    ['rpc', rpcMethod(identity)],
  ])
  return new Map([...methods, ['batch', fields => batch(methods, fields)]])
}

/** What a failed method is answered with; anything unforeseen is 100. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof BodyError) return { code: ERRORS.badRequest.code, message: ERRORS.badRequest.message }
  if (!(error instanceof EngineError)) return { code: ERRORS.internal.code, message: ERRORS.internal.message }
  if (error.code === ERRORS.methodNotFound.code) return { code: error.code, message: 'not found' }
  const message = Object.values(ERRORS).find(({ code }) => code === error.code)?.message ?? error.message
  return { code: error.code, message }
}

type Entries = readonly (readonly [name: string, method: ApiMethod])[]

function publishing({ publish, broadcast }: ApiParts): Entries {
  return [
    ['publish', fields => JSON.stringify(publish(fields.string('channel'), payload(fields), publishOptions(fields)))],
    ['broadcast', fields => {
      const channels = fields.strings('channels')
      if (channels.length === 0) throw new EngineError('badRequest', 'channels are required')
      return JSON.stringify({ responses: toResponses(channels, () => broadcast(channels, payload(fields), publishOptions(fields))) })
    }],
  ]
}

/** What is wrong with the data is told for each channel (PROTOCOL 6.24). */
function toResponses(channels: readonly string[], act: () => readonly BroadcastResult[]): readonly object[] {
  try {
    return act().map(result => ('error' in result ? { error: toApiError(result.error) } : { result }))
  } catch (error) {
    if (error instanceof EngineError) return channels.map(() => ({ error: toApiError(error) }))
    throw error
  }
}

/** `b64data` wins over `data`; what is no JSON would close every JSON client, so it is refused. */
function payload(fields: Fields): EncodedJson {
  const data = optionalPayload(fields, 'data')
  if (!data) throw new EngineError('badRequest', 'data is required')
  return data
}

function publishOptions(fields: Fields): PublishOptions {
  const idempotencyKey = fields.string('idempotency_key')
  const version = fields.integer('version')
  const tags = fields.texts('tags')
  return {
    skipHistory: fields.boolean('skip_history'),
    delta: fields.boolean('delta'),
    ...idempotencyKey !== '' && { idempotencyKey },
    ...version > 0 && { version, versionEpoch: fields.string('version_epoch') },
    ...tags && { tags },
  }
}

function controlling(control: ApiParts): Entries {
  return [
    ['subscribe', async fields => done(await control.subscribe(subscribeTarget(fields)))],
    ['unsubscribe', fields => {
      const channel = fields.string('channel')
      return done(control.unsubscribe({ ...target(fields), ...channel !== '' && { channel } }))
    }],
    ['disconnect', fields => {
      const given = fields.object('disconnect')
      const end = given && { code: given.integer('code'), reason: given.string('reason') }
      return done(control.disconnect({ ...target(fields), except: fields.strings('whitelist'), ...end }))
    }],
    ['block_user', fields => done(control.blockUser(fields.string('user'), fields.integer('expire_at') || undefined))],
    ['unblock_user', fields => done(control.unblockUser(fields.string('user')))],
    ['revoke_token', fields => done(control.revoke({ tokenId: fields.string('uid'), ...until(fields) }))],
    ['invalidate_user_tokens', fields => {
      const issuedBefore = fields.integer('issued_before')
      return done(control.revoke({ user: fields.string('user'), ...issuedBefore > 0 && { issuedBefore }, ...until(fields) }))
    }],
    ['refresh', fields => done(control.refresh({
      ...target(fields), expired: fields.boolean('expired'), expireAt: fields.integer('expire_at'),
    }))],
  ]
}

const until = (fields: Fields): { expireAt?: number } => (fields.integer('expire_at') > 0 ? { expireAt: fields.integer('expire_at') } : {})

const done = (_: unknown): string => '{}'

function target(fields: Fields): Target {
  const user = fields.string('user')
  const client = fields.string('client')
  const session = fields.string('session')
  return { ...user !== '' && { user }, ...client !== '' && { client }, ...session !== '' && { session } }
}

function subscribeTarget(fields: Fields): SubscribeTarget {
  const since = fields.object('recover_since')
  const info = optionalPayload(fields, 'info')
  const data = optionalPayload(fields, 'data')
  return {
    ...target(fields),
    channel: fields.string('channel'),
    expireAt: fields.integer('expire_at'),
    override: toOverride(fields.members('override')),
    ...since && { recoverSince: { offset: since.integer('offset'), epoch: since.string('epoch') } },
    ...info && { info },
    ...data && { data },
  }
}

/** `b64…` wins. */
function optionalPayload(fields: Fields, name: string): EncodedJson | undefined {
  const base64 = fields.string(`b64${name}`)
  const json = base64 === '' ? fields.json(name) : Buffer.from(base64, 'base64').toString()
  if (json === undefined) return undefined
  // What was cut out of JSON is JSON.
  if (base64 !== '' && !isJson(json)) throw new EngineError('badRequest', `${name} must be JSON`)
  return encodedJson(json)
}

/** Calls the application's extension. */
function rpcMethod({ rpc }: ApiIdentity): ApiMethod {
  return async fields => {
    const method = fields.string('method')
    if (method === '') throw new EngineError('badRequest', 'method is required')
    const answer = await rpc?.(method, fields.json('params'))
    if (!answer) throw new EngineError('methodNotFound', `there is no method ${method}`)
    const data = toOptionalJson(answer.data)
    return data === undefined ? '{}' : `{"data":${data}}`
  }
}

function reading(inspection: ApiParts): Entries {
  return [
    ['presence', fields => {
      const clients = [...inspection.presence(fields.string('channel'))]
      return `{"presence":{${clients.map(([client, info]) => `${JSON.stringify(client)}:${infoText(info)}`).join(',')}}}`
    }],
    ['presence_stats', fields => {
      const { clients, users } = inspection.presenceStats(fields.string('channel'))
      return JSON.stringify({ num_clients: clients, num_users: users })
    }],
    ['history', fields => readHistory(inspection, fields)],
    ['history_remove', fields => done(inspection.removeHistory(fields.string('channel')))],
    ['channels', fields => {
      const isMeant = toMatcher(fields.string('pattern'))
      const found = [...inspection.channels()].filter(([channel]) => isMeant(channel))
      return JSON.stringify({ channels: Object.fromEntries(found.map(([channel, clients]) => [channel, { num_clients: clients }])) })
    }],
  ]
}

async function readHistory(inspection: Inspection, fields: Fields): Promise<string> {
  const since = fields.object('since')
  const slice = await inspection.history(fields.string('channel'), {
    limit: Math.max(-1, fields.integer('limit')),
    reverse: fields.boolean('reverse'),
    ...since && { since: { offset: since.integer('offset'), epoch: since.string('epoch') } },
  })
  const publications = slice.publications.map(entry => publicationText({ ...entry, data: JSON.stringify(entry.data) }, ''))
  return `{"publications":[${publications.join(',')}],"epoch":${JSON.stringify(slice.epoch)},"offset":${slice.offset}}`
}

/** A glob: `*` any characters, `?` one; empty fits all. */
function toMatcher(pattern: string): (channel: string) => boolean {
  if (pattern === '') return () => true
  const source = pattern.replace(/\*+/gu, '*').replace(/[\\^$+.()|[\]{}/-]/gu, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')
  const expression = new RegExp(`^${source}$`, 'su')
  return channel => expression.test(channel)
}

function infoMethod(inspection: Inspection, { node, name, version, now }: ApiIdentity): ApiMethod {
  const since = now()
  const cpuShare = measureCpu(now)
  return () => {
    const { connections, users, subscriptions, channels } = inspection.stats()
    return JSON.stringify({
      nodes: [{
        uid: node, name, version,
        num_clients: connections, num_users: users, num_subs: subscriptions, num_channels: channels,
        uptime: Math.floor((now() - since) / 1000),
        process: { cpu: Math.round(cpuShare() * 1000) / 10, rss: process.memoryUsage.rss() },
      }],
    })
  }
}

/** Share of a core the process used since it was last asked. */
function measureCpu(now: () => number): () => number {
  let last = { usage: process.cpuUsage(), at: now() }
  return () => {
    const { user, system } = process.cpuUsage(last.usage)
    const elapsed = Math.max(1, now() - last.at)
    last = { usage: process.cpuUsage(), at: now() }
    return (user + system) / 1000 / elapsed
  }
}

/** One after the other; one that fails does not stop those behind it. */
async function batch(methods: ReadonlyMap<string, ApiMethod>, fields: Fields): Promise<string> {
  const replies: string[] = []
  for (const command of fields.list('commands')) replies.push(await batchReply(methods, command))
  return replies.length === 0 ? '{}' : `{"replies":[${replies.join(',')}]}`
}

async function batchReply(methods: ReadonlyMap<string, ApiMethod>, command: unknown): Promise<string> {
  try {
    const given = new Fields(command)
    const name = [...methods.keys()].find(known => given.object(known) !== undefined)
    const method = name === undefined ? undefined : methods.get(name)
    const request = name === undefined ? undefined : given.object(name)
    if (!method || !request) throw new EngineError('methodNotFound', 'there is no such method')
    return `{"${name}":${await method(request)}}`
  } catch (error) {
    return JSON.stringify({ error: toApiError(error) })
  }
}
