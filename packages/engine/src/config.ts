/** Options with defaults filled in, checked once: whatever contradicts itself is refused with a sentence. */
import { createPublicKey } from 'node:crypto'
import { NAMING } from './channel.ts'
import type { Naming } from './channel.ts'
import { EngineConfigError } from './errors.ts'
import type { ChannelOptions, ClientOptions, EngineOptions, NamespaceOptions, TokenOptions } from './options.ts'

/** Channel options without gaps; a pattern is compiled. */
export type ChannelRules = Readonly<Required<Omit<ChannelOptions, 'channelRegex'>>> & { readonly pattern: RegExp | undefined }

type Tokens = 'token' | 'subscriptionToken' | 'allowedOrigins' | 'userIdHttpHeader' | 'subscribeToUserPersonalChannel'

/** The engine's frozen configuration. */
export interface EngineConfig {
  readonly client: Readonly<Required<Omit<ClientOptions, Tokens>>> & Pick<ClientOptions, Tokens>
  /** Rules of a namespace, '' for channels without one; undefined for an unknown one. */
  readonly namespaces: ReadonlyMap<string, ChannelRules>
  readonly naming: Naming
  readonly name: string
  readonly version: string
}

const CHANNEL_DEFAULTS: ChannelRules = {
  historySize: 0, historyTtl: 0, historyMetaTtl: 2_592_000_000,
  forcePositioning: false, allowPositioning: false, forceRecovery: false, allowRecovery: false,
  presence: false, joinLeave: false, forcePushJoinLeave: false,
  allowedDeltaTypes: [], deltaPublish: false, pattern: undefined, publicationDataFormat: 'json',
  allowSubscribeForClient: false, allowSubscribeForAnonymous: false, allowUserLimitedChannels: false,
  allowPublishForClient: false, allowPublishForSubscriber: false, allowPublishForAnonymous: false,
  allowHistoryForClient: false, allowHistoryForSubscriber: false, allowHistoryForAnonymous: false,
  allowPresenceForClient: false, allowPresenceForSubscriber: false, allowPresenceForAnonymous: false,
}

const CLIENT_DEFAULTS: EngineConfig['client'] = {
  allowAnonymousConnectWithoutToken: false, disallowAnonymousConnectionTokens: false, insecure: false, connectIncludeServerTime: false,
  compression: false, compressionLevel: 1, compressionMinSize: 0,
  connectionLimit: 0, connectionRateLimit: 0, userConnectionLimit: 0,
  pingInterval: 25_000, pongTimeout: 8_000, staleCloseDelay: 10_000, expiredCloseDelay: 25_000, expiredSubCloseDelay: 25_000,
  channelLimit: 128, queueMaxSize: 1_048_576, queueMaxAge: 10_000, historyMaxPublicationLimit: 300, recoveryMaxPublicationLimit: 300, messageSizeLimit: 65_536,
}

/** Shorter RSA keys are no keys (RFC 7518, 3.3). */
const MIN_RSA_BITS = 2048
const MAY_BE_OFF = new Set(['compressionMinSize', 'connectionLimit', 'connectionRateLimit', 'userConnectionLimit'])
const NAMESPACE = /^[-\w]{2,}$/u
const DEFAULT_VERSION = '6.9.1 OSS'

/** Throws `EngineConfigError` with every fault at once. */
export function resolveConfig(options: EngineOptions): EngineConfig {
  const { withoutNamespace = {}, namespaces = [], ...signs } = options.channel ?? {}
  const client = { ...CLIENT_DEFAULTS, ...options.client }
  const naming = { ...NAMING, ...signs }
  const faults = [
    ...clientFaults(client),
    ...channelFaults('channel.withoutNamespace', withoutNamespace),
    ...namespaces.flatMap(namespace => channelFaults(`namespace ${namespace.name}`, namespace)),
    ...nameFaults(namespaces),
    ...rateFaults(options),
    ...personalFaults(client, naming, namespaces),
  ]
  if (faults.length > 0) throw new EngineConfigError(faults)
  const entries = [{ ...withoutNamespace, name: '' }, ...namespaces].map(toRules)
  return { client, naming, namespaces: new Map(entries), name: options.name ?? 'engine', version: options.version ?? DEFAULT_VERSION }
}

function toRules({ name, channelRegex = '', ...given }: NamespaceOptions): [string, ChannelRules] {
  return [name, { ...CHANNEL_DEFAULTS, ...given, pattern: channelRegex === '' ? undefined : new RegExp(channelRegex, 'u') }]
}

function rateFaults({ limits: { perUser = {}, perGroup = {}, groupOf } = {} }: EngineOptions): string[] {
  const rates = [...Object.entries(perUser), ...Object.entries(perGroup)]
  return sentences('limits', [
    ...rates.map(([name, { perSecond, burst = 1 }]): Check => [!(perSecond > 0) || !(burst >= 1), `${name}: perSecond must be above 0, burst 1 or more`]),
    [Object.keys(perGroup).length > 0 && !groupOf, 'perGroup needs groupOf'],
  ])
}

function personalFaults(client: EngineConfig['client'], naming: Naming, namespaces: readonly NamespaceOptions[]): string[] {
  const { enabled = false, personalChannelNamespace: wanted = '' } = client.subscribeToUserPersonalChannel ?? {}
  return sentences('client.subscribeToUserPersonalChannel', [
    [enabled && wanted !== '' && namespaces.every(({ name }) => name !== wanted), `there is no namespace ${wanted}`],
    [enabled && naming.userBoundary === '', 'channel.userBoundary must not be empty'],
  ])
}

function nameFaults(namespaces: readonly NamespaceOptions[]): string[] {
  const names = namespaces.map(({ name }) => name)
  return [
    ...names.filter(name => !NAMESPACE.test(name)).map(name => `namespace "${name}": a name has two or more letters, digits, "-" or "_"`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map(name => `namespace ${name}: the name is given twice`),
  ]
}

function channelFaults(where: string, given: ChannelOptions): string[] {
  const rules = { ...CHANNEL_DEFAULTS, ...given }
  const keepsHistory = rules.historySize > 0 && rules.historyTtl > 0
  return sentences(where, [
    [!isWhole(rules.historySize), 'historySize must be a whole number of publications, 0 or more'],
    [!isWhole(rules.historyTtl / 1000), 'historyTtl must be whole seconds in milliseconds'],
    [!isWhole(rules.historyMetaTtl / 1000), 'historyMetaTtl must be whole seconds in milliseconds'],
    [(rules.historySize > 0) !== (rules.historyTtl > 0), 'historySize and historyTtl must be set together'],
    [rules.historyTtl > rules.historyMetaTtl, 'historyMetaTtl must not be shorter than historyTtl'],
    [rules.forceRecovery && !keepsHistory, 'forceRecovery needs historySize and historyTtl'],
    [rules.allowedDeltaTypes.some(type => type !== 'fossil'), 'allowedDeltaTypes knows fossil only'],
    [!['json', 'json_object'].includes(rules.publicationDataFormat), 'publicationDataFormat must be json or json_object'],
    [!isPattern(given.channelRegex), 'channelRegex is no regular expression'],
  ])
}

function clientFaults(client: EngineConfig['client']): string[] {
  const numbers = Object.entries(client).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return sentences('client', [
    ...numbers.map(([name, value]): Check => (MAY_BE_OFF.has(name)
      ? [!isWhole(value), `${name} must be a whole number, 0 or more`]
      : [!isWhole(value) || value === 0, `${name} must be a whole number above 0`])),
    [client.compressionLevel > 9, 'compressionLevel must be 1–9'],
    [client.pongTimeout >= client.pingInterval, 'pongTimeout must be shorter than pingInterval'],
    ...tokenChecks('token', client.token),
    ...tokenChecks('subscriptionToken', client.subscriptionToken),
  ])
}

function tokenChecks(name: string, token: TokenOptions | undefined): Check[] {
  if (!token) return []
  const endpoint = token.jwks && 'endpoint' in token.jwks ? token.jwks.endpoint : undefined
  return [
    [!hasKey(token), `${name} needs hmacSecretKey, rsaPublicKey, ecdsaPublicKey or jwks`],
    [token.hmacSecretKey === '', `${name}.hmacSecretKey must not be empty`],
    [token.hmacPreviousSecretKey !== undefined && !token.hmacSecretKey, `${name}.hmacPreviousSecretKey needs hmacSecretKey`],
    [endpoint !== undefined && !URL.canParse(endpoint), `${name}.jwks.endpoint must be a URL`],
    [!isPublicKey(token.rsaPublicKey, 'rsa'), `${name}.rsaPublicKey must be the PEM of an RSA key of 2048 bits or more`],
    [!isPublicKey(token.ecdsaPublicKey, 'ec'), `${name}.ecdsaPublicKey must be the PEM of an elliptic curve key`],
    [!isPattern(token.audienceRegex), `${name}.audienceRegex is no regular expression`],
    [!isPattern(token.issuerRegex), `${name}.issuerRegex is no regular expression`],
    [token.audience !== undefined && token.audienceRegex !== undefined, `${name}.audience and ${name}.audienceRegex exclude each other`],
    [token.issuer !== undefined && token.issuerRegex !== undefined, `${name}.issuer and ${name}.issuerRegex exclude each other`],
    [token.userIdClaim === '', `${name}.userIdClaim must not be empty`],
  ]
}

const hasKey = ({ hmacSecretKey, rsaPublicKey, ecdsaPublicKey, jwks }: TokenOptions): boolean =>
  [hmacSecretKey, rsaPublicKey, ecdsaPublicKey, jwks].some(key => key !== undefined)

function isPublicKey(pem: string | undefined, kind: 'rsa' | 'ec'): boolean {
  try {
    if (pem === undefined) return true
    const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = MIN_RSA_BITS } = {} } = createPublicKey(pem)
    return asymmetricKeyType === kind && modulusLength >= MIN_RSA_BITS
  } catch {
    return false
  }
}

function isPattern(source = ''): boolean {
  try {
    return new RegExp(source, 'u').source !== ''
  } catch {
    return false
  }
}

type Check = readonly [isFault: boolean, sentence: string]

const sentences = (where: string, checks: readonly Check[]): string[] =>
  checks.filter(([isFault]) => isFault).map(([, sentence]) => `${where}: ${sentence}`)

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
