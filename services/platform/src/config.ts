/** Reads the environment once, into a frozen Config. Half a configuration is refused with one sentence that says what to set. */

import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import { identityProvidersSchema, type IdentityProvider } from '@neo-stack/event-service'
import { logLevels, logModules, parseLogLevels, type LogLevel, type LogModule } from './logs.ts'
import { settings, type SettingName } from './settings.ts'

/** Where the parts of the scale-out column are. */
export interface ScaleOut {
  databaseUrl: string
  redisUrl: string
  /** Server APIs of the Centrifugo nodes. */
  centrifugoUrls: readonly string[]
  /** Where they take sockets; empty when delivery is not watched. */
  centrifugoSocketUrls: readonly string[]
  centrifugoApiKey: string
}

/** The platform process's configuration. */
export interface Config {
  host: string
  port: number
  dataDir: string
  demo: boolean
  /** Address for browsers; follows host and port when it is not given. */
  publicUrl: string | undefined
  allowedOrigins: readonly string[]
  identityProviders: readonly IdentityProvider[]
  portals: 'auto' | 'none'
  metricsToken: string | undefined
  /** Absent: no e-mail is sent. */
  mail?: { smtpUrl: string, from: string } | undefined
  tenantMetrics: boolean
  deployer: 'auto' | 'docker' | 'simulation'
  dockerHost: string | undefined
  instanceHost: string
  /** JSON or YAML file with an operator's own images and stacks. */
  catalogueFile: string | undefined
  logLevel: LogLevel
  /** Modules with another level. */
  logLevels?: Partial<Record<LogModule, LogLevel>>
  /** Absent: no spans are made. */
  otlpUrl?: string | undefined
  /** Absent: the embedded column. */
  scaleOut?: ScaleOut | undefined
}

/** A configuration that cannot work; the message is one sentence for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const flag = z.enum(['0', '1'], { error: 'must be 0 or 1' })
const url = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' })

const addresses = z.string().transform(text => text.split(',').map(node => node.trim()).filter(Boolean))

const schema = z.object({
  HOST: z.string().min(1).default(settings.HOST.default),
  PORT: z.coerce.number({ error: 'must be a port number from 0 to 65535' }).int('must be a whole number').min(0).max(65_535, 'must be at most 65535').default(8080),
  NEO_DATA_DIR: z.string().min(1).default(settings.NEO_DATA_DIR.default),
  NEO_DEMO: flag.optional(),
  NEO_PUBLIC_URL: url.optional(),
  NEO_ALLOWED_ORIGINS: z.string().default('').transform(text => text.split(',').map(origin => origin.trim()).filter(Boolean))
    .pipe(z.array(url.refine(text => new URL(text).origin === text, 'must be origins like https://portal.example, without a path'))),
  NEO_IDENTITY_PROVIDERS: z.string().optional(),
  NEO_PORTALS: z.enum(['auto', 'none'], { error: 'must be auto or none' }).default('auto'),
  NEO_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an address like smtp://user:password@host:587' }).optional(),
  NEO_MAIL_FROM: z.string().regex(/^[^\r\n<>]*<?[^\s<>@]+@[^\s<>@]+>?$/, 'must be an address like NEO_STACK <billing@example.com>').optional(),
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  NEO_TENANT_METRICS: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  NEO_DEPLOYER: z.enum(['auto', 'docker', 'simulation'], { error: 'must be auto, docker or simulation' }).default('auto'),
  DOCKER_HOST: z.string().min(1).optional(),
  NEO_INSTANCE_HOST: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).default('127.0.0.1'),
  NEO_CATALOGUE: z.string().min(1).optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be an address like postgres://user:password@host:5432/database' }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be an address like redis://user:password@host:6379' }).optional(),
  CENTRIFUGO_URL: addresses.pipe(z.array(url).min(1, 'must name a node')).optional(),
  CENTRIFUGO_SOCKET_URL: addresses.pipe(z.array(url)).optional(),
  CENTRIFUGO_API_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  NEO_OTLP_URL: url.optional(),
  LOG_LEVEL: z.string().default('warn').refine(text => parseLogLevels(text) !== undefined, `must be ${logLevels.join(', ')}, and may name others for modules (${logModules.join(', ')}): warn,http=info`),
})

/** Settings whose value is not repeated to whoever reads the log. */
const secret: ReadonlySet<string> = new Set(['DATABASE_URL', 'REDIS_URL', 'CENTRIFUGO_API_KEY', 'METRICS_TOKEN', 'NEO_SMTP_URL'])

const scaleOut = ['DATABASE_URL', 'REDIS_URL', 'CENTRIFUGO_URL', 'CENTRIFUGO_API_KEY'] as const satisfies readonly SettingName[]

/**
 * Reads and checks the environment.
 * @throws {ConfigError} with one sentence
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  refuseHalf(env)
  const given: Record<string, string | undefined> = Object.fromEntries(Object.keys(settings).flatMap(name => env[name] ? [[name, env[name]]] : []))
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const name = String(issue?.path[0])
    throw new ConfigError(`${name} ${issue?.message ?? 'is not valid'}${secret.has(name) ? '' : `; it is "${given[name] ?? ''}"`}.`)
  }
  const value = parsed.data
  const isLoopback = ['127.0.0.1', '::1', 'localhost'].includes(value.HOST)
  if (!isLoopback && value.NEO_DEMO === undefined) {
    throw new ConfigError(`HOST ${value.HOST} can be reached from elsewhere: set NEO_DEMO to 1 (demo accounts) or 0 (one operator with a one-time password).`)
  }
  if (value.NEO_ALLOWED_ORIGINS.length > 0 && value.NEO_PUBLIC_URL === undefined) {
    throw new ConfigError('NEO_ALLOWED_ORIGINS is set without NEO_PUBLIC_URL: set both, so that the portals\' own origin is allowed too.')
  }
  const identityProviders = value.NEO_IDENTITY_PROVIDERS === undefined ? [] : readProviders(value.NEO_IDENTITY_PROVIDERS)
  if (value.NEO_PUBLIC_URL === undefined && identityProviders.some(({ clientId }) => clientId !== undefined)) {
    throw new ConfigError('NEO_IDENTITY_PROVIDERS offers sign-in without NEO_PUBLIC_URL: set it, because the provider sends browsers back there.')
  }
  if ((value.NEO_SMTP_URL === undefined) !== (value.NEO_MAIL_FROM === undefined)) {
    throw new ConfigError(`${value.NEO_SMTP_URL === undefined ? 'NEO_MAIL_FROM is set without NEO_SMTP_URL' : 'NEO_SMTP_URL is set without NEO_MAIL_FROM'}: e-mail needs a server and a sender.`)
  }
  if (value.NEO_SMTP_URL !== undefined && value.NEO_PUBLIC_URL === undefined) {
    throw new ConfigError('NEO_SMTP_URL is set without NEO_PUBLIC_URL: set it, because letters link to the portals there.')
  }
  return Object.freeze({
    identityProviders,
    host: value.HOST, port: value.PORT, dataDir: path.resolve(value.NEO_DATA_DIR), demo: value.NEO_DEMO !== '0', publicUrl: value.NEO_PUBLIC_URL,
    allowedOrigins: value.NEO_ALLOWED_ORIGINS, portals: value.NEO_PORTALS, metricsToken: value.METRICS_TOKEN, tenantMetrics: value.NEO_TENANT_METRICS === '1',
    deployer: value.NEO_DEPLOYER, dockerHost: value.DOCKER_HOST, instanceHost: value.NEO_INSTANCE_HOST, catalogueFile: value.NEO_CATALOGUE, otlpUrl: value.NEO_OTLP_URL, ...parseLogLevels(value.LOG_LEVEL) ?? { logLevel: 'warn' }, scaleOut: toScaleOut(value),
    mail: value.NEO_SMTP_URL !== undefined && value.NEO_MAIL_FROM !== undefined ? { smtpUrl: value.NEO_SMTP_URL, from: value.NEO_MAIL_FROM } : undefined,
  })
}

/** The file holds secrets: what is wrong with it is said by path, never by value. */
function readProviders(file: string): readonly IdentityProvider[] {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new ConfigError(`NEO_IDENTITY_PROVIDERS names ${file}, which is no file with JSON.`)
  }
  const parsed = identityProvidersSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ConfigError(`NEO_IDENTITY_PROVIDERS, ${file}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not valid'}.`)
}

/** The scale-out parts only work together: a part of them is refused, never ignored. */
function refuseHalf(env: Readonly<Record<string, string | undefined>>): void {
  const given = scaleOut.filter(name => env[name])
  const missing = scaleOut.filter(name => !env[name])
  if (given.length > 0 && missing.length > 0) {
    throw new ConfigError(`${given.join(', ')} set without ${missing.join(', ')}: the scale-out column needs all of them, the embedded one none.`)
  }
  if (given.length === 0 && env['CENTRIFUGO_SOCKET_URL']) throw new ConfigError(`CENTRIFUGO_SOCKET_URL is set without ${missing.join(', ')}: there is no node to watch.`)
  if (given.length > 0 && !env['NEO_PUBLIC_URL']) {
    throw new ConfigError('DATABASE_URL is set without NEO_PUBLIC_URL: set it to the address of the gateway, which browsers come through.')
  }
}

function toScaleOut({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, CENTRIFUGO_URL: centrifugoUrls, CENTRIFUGO_SOCKET_URL: centrifugoSocketUrls = [], CENTRIFUGO_API_KEY: centrifugoApiKey }: z.output<typeof schema>): ScaleOut | undefined {
  return databaseUrl !== undefined && redisUrl !== undefined && centrifugoUrls !== undefined && centrifugoApiKey !== undefined
    ? { databaseUrl, redisUrl, centrifugoUrls, centrifugoSocketUrls, centrifugoApiKey }
    : undefined
}
