/**
 * Reads a Centrifugo v6 configuration file (JSON). Pure: a value in, options and warnings out. What the engine does not serve is named
 * in a warning and has no effect, so a channel that relies on it allows less, never more. Source: PROTOCOL part 3.
 */
import { isUnsupported } from './config-unsupported.ts'
import { EngineConfigError } from './errors.ts'
import type { AttachOptions } from './engine.ts'
import type { ChannelOptions, ClientOptions, EngineOptions, HttpApiOptions, NamespaceOptions, PersonalChannelOptions, TokenOptions } from './options.ts'

/** What a configuration file says. */
export interface FileConfig {
  readonly options: EngineOptions
  readonly attach: AttachOptions
  /** Where to listen; without an address on all. */
  readonly listen: { readonly port: number, readonly host?: string }
  /** Milliseconds a stop may take. */
  readonly shutdownTimeout: number
  /** One sentence per key that has no effect. */
  readonly warnings: readonly string[]
}

const DEFAULT_PORT = 8_000
const DEFAULT_SHUTDOWN_MS = 30_000

type Members = Readonly<Record<string, unknown>>

/** Reads one value; undefined where it is not what is expected. */
type Read = (value: unknown) => unknown

/** Where a key's value goes, and how it is read. */
type Table<T> = Readonly<Record<string, readonly [to: keyof T & string, read: Read, expected: string]>>

const text: Read = value => (typeof value === 'string' ? value : undefined)
const flag: Read = value => (typeof value === 'boolean' ? value : undefined)
const whole: Read = value => (Number.isSafeInteger(value) ? value : undefined)
const texts: Read = value => (Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined)

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `1h30m`, `25s`, `100ms`: milliseconds. */
function duration(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/u.test(value)) return value === '0' || value === 0 ? 0 : undefined
  const parts = value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gu)
  return Math.round([...parts].reduce((sum, [, amount = '', unit = '']) => sum + Number(amount) * (UNITS[unit] ?? 0), 0))
}

const isText = [text, 'text'] as const
const isFlag = [flag, 'true or false'] as const
const isWhole = [whole, 'a whole number'] as const
const isTexts = [texts, 'a list of texts'] as const
const isDuration = [duration, 'a duration such as "25s"'] as const

const CLIENT: Table<ClientOptions> = {
  allowed_origins: ['allowedOrigins', ...isTexts],
  ping_interval: ['pingInterval', ...isDuration],
  pong_timeout: ['pongTimeout', ...isDuration],
  stale_close_delay: ['staleCloseDelay', ...isDuration],
  expired_close_delay: ['expiredCloseDelay', ...isDuration],
  expired_sub_close_delay: ['expiredSubCloseDelay', ...isDuration],
  channel_limit: ['channelLimit', ...isWhole],
  queue_max_size: ['queueMaxSize', ...isWhole],
  connection_limit: ['connectionLimit', ...isWhole],
  connection_rate_limit: ['connectionRateLimit', ...isWhole],
  user_connection_limit: ['userConnectionLimit', ...isWhole],
  connect_include_server_time: ['connectIncludeServerTime', ...isFlag],
  history_max_publication_limit: ['historyMaxPublicationLimit', ...isWhole],
  recovery_max_publication_limit: ['recoveryMaxPublicationLimit', ...isWhole],
  insecure: ['insecure', ...isFlag],
  user_id_http_header: ['userIdHttpHeader', ...isText],
  allow_anonymous_connect_without_token: ['allowAnonymousConnectWithoutToken', ...isFlag],
  disallow_anonymous_connection_tokens: ['disallowAnonymousConnectionTokens', ...isFlag],
}

const TOKEN: Table<TokenOptions> = {
  hmac_secret_key: ['hmacSecretKey', ...isText],
  hmac_previous_secret_key: ['hmacPreviousSecretKey', ...isText],
  hmac_previous_secret_key_valid_until: ['hmacPreviousSecretKeyValidUntil', ...isWhole],
  rsa_public_key: ['rsaPublicKey', ...isText],
  ecdsa_public_key: ['ecdsaPublicKey', ...isText],
  audience: ['audience', ...isText],
  audience_regex: ['audienceRegex', ...isText],
  issuer: ['issuer', ...isText],
  issuer_regex: ['issuerRegex', ...isText],
  user_id_claim: ['userIdClaim', ...isText],
  jwks_public_endpoint: ['jwks', value => (typeof value === 'string' ? { endpoint: value } : undefined), 'text'],
}

const PERSONAL: Table<PersonalChannelOptions> = {
  enabled: ['enabled', ...isFlag],
  personal_channel_namespace: ['personalChannelNamespace', ...isText],
  single_connection: ['singleConnection', ...isFlag],
}

const toCamel = (name: string): string => name.replace(/_(\w)/gu, (_, letter: string) => letter.toUpperCase())

const CHANNEL_FLAGS = [
  'presence', 'join_leave', 'force_push_join_leave', 'force_positioning', 'allow_positioning', 'force_recovery', 'allow_recovery', 'delta_publish',
  'allow_subscribe_for_anonymous', 'allow_subscribe_for_client', 'allow_user_limited_channels',
  ...['publish', 'presence', 'history'].flatMap(right => ['anonymous', 'subscriber', 'client'].map(who => `allow_${right}_for_${who}`)),
]

const CHANNEL: Table<ChannelOptions> = {
  ...Object.fromEntries(CHANNEL_FLAGS.map(name => [name, [toCamel(name) as keyof ChannelOptions, ...isFlag] as const])),
  history_size: ['historySize', ...isWhole],
  history_ttl: ['historyTtl', ...isDuration],
  history_meta_ttl: ['historyMetaTtl', ...isDuration],
  allowed_delta_types: ['allowedDeltaTypes', ...isTexts],
  channel_regex: ['channelRegex', ...isText],
  publication_data_format: ['publicationDataFormat', value => (value === '' ? 'json' : text(value)), 'text'],
}

const NAMING: Table<NonNullable<EngineOptions['channel']>> = {
  max_length: ['maxLength', ...isWhole],
  private_prefix: ['privatePrefix', ...isText],
  namespace_boundary: ['namespaceBoundary', ...isText],
  user_boundary: ['userBoundary', ...isText],
  user_separator: ['userSeparator', ...isText],
}

const API: Table<HttpApiOptions> = {
  key: ['key', ...isText],
  insecure: ['insecure', ...isFlag],
  handler_prefix: ['handlerPrefix', ...isText],
  error_mode: ['errorMode', value => (value === 'transport' ? value : undefined), '"transport"'],
}

interface Listener {
  readonly address: string
  readonly port: number
}

interface Handler {
  readonly enabled: boolean
  readonly disabled: boolean
  readonly handlerPrefix: string
}

const LISTENER: Table<Listener> = { address: ['address', ...isText], port: ['port', value => whole(typeof value === 'string' ? Number(value) : value), 'a port'] }
const HANDLER: Table<Handler> = { enabled: ['enabled', ...isFlag], disabled: ['disabled', ...isFlag], handler_prefix: ['handlerPrefix', ...isText] }

/** Throws `EngineConfigError` for values of a wrong type, all at once. */
export function readConfigFile(value: unknown): FileConfig {
  if (!isMembers(value)) throw new EngineConfigError(['the configuration must be a JSON object'])
  const reader = new Reader()
  const config = read(reader, value)
  if (reader.faults.length > 0) throw new EngineConfigError(reader.faults)
  return { ...config, warnings: reader.warnings }
}

/** Sections of the file that are read as tables or on their own. */
const SECTIONS = ['client', 'channel', 'http_api', 'http_server', 'websocket', 'http_stream', 'sse', 'emulation', 'prometheus', 'health', 'shutdown', 'node', 'engine', 'broker', 'presence_manager']

function read(reader: Reader, file: Members): Omit<FileConfig, 'warnings'> {
  reader.unknown('', file, SECTIONS)
  for (const name of ['engine', 'broker', 'presence_manager']) reader.memoryOnly(name, file[name])
  const { address = '', port = DEFAULT_PORT } = reader.table(LISTENER, 'http_server', file.http_server)
  const { disabled = false, ...httpApi } = reader.table({ ...API, disabled: ['disabled', ...isFlag] } as Table<HttpApiOptions & Handler>, 'http_api', file.http_api)
  const { timeout = DEFAULT_SHUTDOWN_MS } = reader.table<{ timeout: number }>({ timeout: ['timeout', ...isDuration] }, 'shutdown', file.shutdown)
  const { name } = reader.table<{ name: string }>({ name: ['name', ...isText] }, 'node', file.node)
  const { client, attach } = { client: readClient(reader, file.client), attach: readHandlers(reader, file) }
  return {
    options: {
      client: { ...client, ...readWebSocket(reader, file.websocket) },
      channel: readChannel(reader, file.channel),
      ...!disabled && { httpApi },
      ...name !== undefined && { name },
    },
    attach, listen: { port, ...address !== '' && { host: address } }, shutdownTimeout: timeout,
  }
}

function readClient(reader: Reader, given: unknown): ClientOptions {
  const members = reader.members('client', given)
  const { token, subscription_token: subscriptionToken, subscribe_to_user_personal_channel: personal, ...rest } = members
  const { enabled, ...own } = reader.members('client.subscription_token', subscriptionToken)
  return {
    ...reader.table(CLIENT, 'client', rest),
    ...toToken('token', reader.table(TOKEN, 'client.token', token)),
    ...toToken('subscriptionToken', enabled === true ? reader.table(TOKEN, 'client.subscription_token', own) : {}),
    ...personal !== undefined && { subscribeToUserPersonalChannel: { enabled: false, ...reader.table(PERSONAL, 'client.subscribe_to_user_personal_channel', personal) } },
  }
}

/** Empty texts are what Centrifugo writes for "not set". */
function toToken(name: 'token' | 'subscriptionToken', given: TokenOptions): ClientOptions {
  const entries = Object.entries(given).filter(([, value]) => value !== '' && (value as { endpoint?: string }).endpoint !== '')
  return entries.length === 0 ? {} : { [name]: Object.fromEntries(entries) as TokenOptions }
}

function readChannel(reader: Reader, given: unknown): NonNullable<EngineOptions['channel']> {
  const { without_namespace: without, namespaces = [], publication_data_format: format, ...rest } = reader.members('channel', given)
  const common = reader.table(CHANNEL, 'channel', format === undefined ? {} : { publication_data_format: format })
  const list = Array.isArray(namespaces) ? namespaces : reader.fault('channel.namespaces must be a list', [])
  return {
    ...reader.table(NAMING, 'channel', rest),
    withoutNamespace: { ...common, ...reader.table(CHANNEL, 'channel.without_namespace', without) },
    namespaces: list.map((namespace: unknown, at): NamespaceOptions => {
      const { name, ...options } = reader.members(`channel.namespaces[${at}]`, namespace)
      const where = `channel.namespaces[${at}]${typeof name === 'string' ? ` (${name})` : ''}`
      return { ...common, ...reader.table(CHANNEL, where, options), name: typeof name === 'string' ? name : reader.fault(`${where}.name must be text`, '') }
    }),
  }
}

function readWebSocket(reader: Reader, given: unknown): ClientOptions {
  const { disabled: _, handler_prefix: __, ...rest } = reader.members('websocket', given)
  return reader.table<ClientOptions>({
    message_size_limit: ['messageSizeLimit', ...isWhole],
    compression: ['compression', ...isFlag],
    compression_level: ['compressionLevel', ...isWhole],
    compression_min_size: ['compressionMinSize', ...isWhole],
  }, 'websocket', rest)
}

function readHandlers(reader: Reader, file: Members): AttachOptions {
  const handler = (name: string, standard: string, isOn: boolean): string | false => {
    const { enabled, disabled, handler_prefix: handlerPrefix } = reader.members(name, file[name])
    const read = reader.table(HANDLER, name, name === 'websocket' ? { disabled, handler_prefix: handlerPrefix } : file[name])
    const isEnabled = read.enabled ?? (isOn && read.disabled !== true)
    return isEnabled || enabled === true ? read.handlerPrefix ?? standard : false
  }
  return {
    path: handler('websocket', '/connection/websocket', true),
    httpStreamPath: handler('http_stream', '/connection/http_stream', false),
    ssePath: handler('sse', '/connection/sse', false),
    emulationPath: handler('emulation', '/emulation', true),
    healthPath: handler('health', '/health', false),
    metricsPath: handler('prometheus', '/metrics', false),
  }
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Collects what is wrong and what has no effect. */
class Reader {
  readonly faults: string[] = []
  readonly warnings: string[] = []

  fault<T>(sentence: string, instead: T): T {
    this.faults.push(sentence)
    return instead
  }

  members(where: string, value: unknown): Members {
    if (value === undefined || value === null) return {}
    return isMembers(value) ? value : this.fault(`${where} must be an object`, {})
  }

  table<T>(table: Table<T>, where: string, value: unknown): Partial<T> {
    const members = this.members(where, value)
    this.unknown(where, members, Object.keys(table))
    const entries = Object.entries(table).flatMap(([name, [to, read, expected]]) => {
      const given = Object.hasOwn(members, name) ? members[name] : undefined
      if (given === undefined || given === null) return []
      const known = read(given)
      return [[to, known === undefined ? this.fault(`${where}.${name} must be ${expected}`, undefined) : known] as const]
    })
    return Object.fromEntries(entries) as Partial<T>
  }

  unknown(where: string, members: Members, known: readonly string[]): void {
    for (const name of Object.keys(members)) {
      if (known.includes(name) || members[name] === undefined) continue
      const path = where === '' ? name : `${where}.${name}`
      this.warnings.push(isUnsupported(name) ? `${path} is not supported and has no effect` : `${path} is unknown and has no effect`)
    }
  }

  memoryOnly(where: string, value: unknown): void {
    const { type = 'memory', ...rest } = this.members(where, value)
    if (type !== 'memory' && type !== '') this.warnings.push(`${where}.type ${JSON.stringify(type)} is not supported: everything is kept in memory`)
    this.unknown(where, rest, [])
  }
}
