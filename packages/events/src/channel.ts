/**
 * The channel grammar. One table says which channels exist; `parseChannel` and `formatChannel` are the only code that cuts
 * or builds a channel name. A form that is not in the table is unknown, and unknown is denied.
 */

/** The reserved tenant that operators, `admin:*` and `system:*` belong to. */
export const PLATFORM_TENANT = 'platform'

/** Shape of tenant, instance and deployment identifiers. */
export const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Shape of user identifiers: our own lowercase UUID. */
export const USER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * How a family's events are kept: `log` has a dense `seq` and `/v1/history`, `rollups` has tiers of samples, `no` has nothing.
 */
export type Kept = 'log' | 'rollups' | 'no'

/** Every channel family: its pattern ({t} tenant, {d} deployment, {u} user) and how it is kept. */
export const channelFamilies = {
  'deployments': { pattern: 'tenant:{t}:deployments', kept: 'log', doc: 'Start, progress and end of deployments' },
  'deployment-log': { pattern: 'tenant:{t}:deployments:{d}', kept: 'log', doc: 'Log lines of one deployment, in chunks' },
  'billing': { pattern: 'tenant:{t}:billing', kept: 'log', doc: 'Invoices, payments, plan and usage' },
  'metrics': { pattern: 'tenant:{t}:metrics', kept: 'rollups', doc: 'Samples of a tenant' },
  'alerts': { pattern: 'tenant:{t}:alerts', kept: 'log', doc: 'Alerts of a tenant' },
  'presence': { pattern: 'tenant:{t}:presence', kept: 'no', doc: 'Who is here, batched' },
  'activity': { pattern: 'tenant:{t}:activity', kept: 'log', doc: 'Every command and audited act of a person in the tenant' },
  'certification': { pattern: 'tenant:{t}:certification', kept: 'log', doc: 'Exams' },
  'admin-metrics': { pattern: 'admin:metrics', kept: 'rollups', doc: 'Samples of the host' },
  'admin-alerts': { pattern: 'admin:alerts', kept: 'log', doc: 'Alerts for operators' },
  'admin-activity': { pattern: 'admin:activity', kept: 'log', doc: 'Acts of administration' },
  'admin-tenants': { pattern: 'admin:tenants', kept: 'log', doc: 'Tenants created, suspended, resumed, deleted' },
  'user': { pattern: 'user:{t}/{u}', kept: 'log', doc: 'What concerns one user only' },
  'announcements': { pattern: 'system:announcements', kept: 'log', doc: 'Announcements to everybody' },
} as const satisfies Record<string, { pattern: string, kept: Kept, doc: string }>

/** Name of a channel family, for example `deployments`. */
export type ChannelFamily = keyof typeof channelFamilies

/** Variables that a pattern may hold. */
export interface ChannelParts {
  tenantId?: string
  deploymentId?: string
  userId?: string
}

/** A parsed channel name. `tenantId` is the owner: `platform` for `admin:*` and `system:*`. */
export interface Channel {
  name: string
  family: ChannelFamily
  kept: Kept
  tenantId: string
  deploymentId?: string
  userId?: string
}

const variables = {
  t: { part: 'tenantId', shape: '[a-z0-9][a-z0-9-]{0,62}' },
  d: { part: 'deploymentId', shape: '[a-z0-9][a-z0-9-]{0,62}' },
  u: { part: 'userId', shape: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}' },
} as const

type Variable = keyof typeof variables

const families = Object.keys(channelFamilies) as ChannelFamily[]
const matchers = families.map(family => ({
  family,
  regex: new RegExp(`^${channelFamilies[family].pattern.replace(/\{([tdu])\}/g, (_, name: Variable) =>
    `(?<${variables[name].part}>${variables[name].shape})`)}$`),
}))

/** Channels that were read lately: every event names one, several times on its way. */
const read = new Map<string, Channel>()
/** Then all are forgotten. */
const MAX_READ = 10_000

/**
 * Reads a channel name.
 * @returns the channel, or `undefined` when the name has no known form.
 */
export function parseChannel(name: string): Channel | undefined {
  const known = read.get(name)
  if (known) return known
  const channel = readName(name)
  if (!channel) return undefined
  if (read.size >= MAX_READ) read.clear()
  read.set(name, Object.freeze(channel))
  return channel
}

function readName(name: string): Channel | undefined {
  for (const { family, regex } of matchers) {
    const match = regex.exec(name)
    if (match) {
      const parts: ChannelParts = { ...match.groups }
      return { name, family, kept: channelFamilies[family].kept, ...parts, tenantId: parts.tenantId ?? PLATFORM_TENANT }
    }
  }
  return undefined
}

/** A regular expression, POSIX's as databases know it, that the names of a family match and no others. */
export function familyPattern(family: ChannelFamily): string {
  return `^${channelFamilies[family].pattern.replace(/\{[tdu]\}/g, '[a-z0-9-]+')}$`
}

/**
 * Builds a channel name, the inverse of {@link parseChannel}.
 * @throws {TypeError} when a variable of the pattern is missing or has the wrong shape: a programming mistake.
 */
export function formatChannel(family: ChannelFamily, parts: ChannelParts = {}): string {
  return channelOf(family, parts).name
}

/**
 * The channel of a family, parsed: for who knows what it is made of.
 * @throws {TypeError} as {@link formatChannel}
 */
export function channelOf(family: ChannelFamily, parts: ChannelParts = {}): Channel {
  const name = channelFamilies[family].pattern.replace(/\{([tdu])\}/g, (_, variable: Variable) => parts[variables[variable].part] ?? '')
  const channel = parseChannel(name)
  if (channel?.family !== family) throw new TypeError(`no channel of family ${family} can be made of ${JSON.stringify(parts)}`)
  return channel
}
