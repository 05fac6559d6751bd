/**
 * The scale-out column, written down once: which parts there are and what each is told. Containers (compose.ts) and processes of this
 * machine (cluster.ts) are the same list with other addresses.
 */

import { centrifugoEnvironment } from '@neo-stack/event-service'

/** What a part is. */
export type Role = 'postgres' | 'redis' | 'event-service' | 'centrifugo' | 'stack-deployer' | 'gateway'

/** One part of an installation. */
export interface Part {
  name: string
  role: Role
  /** Parts that must be ready before it starts. */
  after: readonly string[]
  environment: Readonly<Record<string, string>>
}

/** Where parts are and what they authenticate with. */
export interface Place {
  /** `host:port` of a part; `internal` is where Centrifugo's server API is. */
  addressOf: (part: string, door?: 'internal') => { host: string, port: number }
  /** Address a part listens on. */
  listen: string
  /** The gateway's address for browsers. */
  publicUrl: string
  /** Its scheme, host and port. @default taken of `publicUrl`, which has to be an address then */
  publicOrigin?: string
  /** Folder of a part's own files. */
  folderOf: (part: string) => string
  secrets: Secrets
  /** @default portals that were built before */
  portals?: 'auto' | 'none'
  demo: boolean
  /** Where e-mail goes out, and who sends it. @default none is sent */
  mail?: { smtpUrl: string, from: string }
  /** Further settings of `npm start`, for services and deployers. @default those settings' defaults */
  settings?: Readonly<Record<string, string>>
}

/** What parts know of each other. Users and roles are fixed, passwords are an installation's own. */
export interface Secrets {
  databasePassword: string
  centrifugoDatabasePassword: string
  redisPassword: string
  centrifugoRedisPassword: string
  /** Of whoever looks after Redis. */
  operatorRedisPassword: string
  centrifugoApiKey: string
  metricsToken: string
  /** Of the containers only. */
  grafanaAdminPassword: string
}

/** How many there are of what comes in numbers. */
const COUNTS = { 'event-service': 2, 'centrifugo': 2, 'stack-deployer': 2 } as const

/** Names of the parts of a numbered role. */
export const namesOf = (role: keyof typeof COUNTS): string[] => Array.from({ length: COUNTS[role] }, (_, index) => `${role}-${index + 1}`)

/** Name of the database and of its owner. */
export const DATABASE = 'neo'

/** Every part, in the order in which they start. */
export function createTopology(place: Place): Part[] {
  const services = namesOf('event-service')
  const part = (name: string, role: Role, after: readonly string[], environment: Record<string, string> = {}): Part => ({ name, role, after, environment })
  return [
    part('postgres', 'postgres', []),
    part('redis', 'redis', []),
    ...services.map(name => part(name, 'event-service', ['postgres', 'redis'], { ...platformEnvironment(place, name), ...mailEnvironment(place) })),
    // The consumer's table is made by the services' migrations.
    ...namesOf('centrifugo').map(name => part(name, 'centrifugo', ['redis', ...services], centrifugo(place, name))),
    ...namesOf('stack-deployer').map(name => part(name, 'stack-deployer', ['postgres', ...services], platformEnvironment(place, name))),
    part('gateway', 'gateway', [...services, ...namesOf('centrifugo')]),
  ]
}

const toUrl = ({ host, port }: { host: string, port: number }): string => `http://${host}:${port}`

/** The address of PostgreSQL for a role. */
export function databaseUrl({ addressOf }: Pick<Place, 'addressOf'>, user: string, password: string): string {
  const { host, port } = addressOf('postgres')
  return `postgres://${user}:${password}@${host}:${port}/${DATABASE}`
}

/** The address of Redis for a user. */
function redisUrl({ addressOf }: Place, user: string, password: string): string {
  const { host, port } = addressOf('redis')
  return `redis://${user}:${password}@${host}:${port}`
}

function platformEnvironment(place: Place, name: string): Record<string, string> {
  const { secrets, addressOf } = place
  return {
    ...place.settings,
    HOST: place.listen,
    PORT: String(addressOf(name).port),
    NEO_DATA_DIR: place.folderOf(name),
    NEO_DEMO: place.demo ? '1' : '0',
    NEO_PUBLIC_URL: place.publicUrl,
    NEO_PORTALS: place.portals ?? 'auto',
    METRICS_TOKEN: secrets.metricsToken,
    DATABASE_URL: databaseUrl(place, DATABASE, secrets.databasePassword),
    REDIS_URL: redisUrl(place, 'events', secrets.redisPassword),
    CENTRIFUGO_URL: namesOf('centrifugo').map(node => toUrl(addressOf(node, 'internal'))).join(','),
    CENTRIFUGO_SOCKET_URL: namesOf('centrifugo').map(node => toUrl(addressOf(node))).join(','),
    CENTRIFUGO_API_KEY: secrets.centrifugoApiKey,
  }
}

/** Empty is not set. */
const mailEnvironment = ({ mail }: Place): Record<string, string> => ({ NEO_SMTP_URL: mail?.smtpUrl ?? '', NEO_MAIL_FROM: mail?.from ?? '' })

function centrifugo(place: Place, name: string): Record<string, string> {
  const { secrets, addressOf } = place
  return centrifugoEnvironment({
    name, host: place.listen, port: addressOf(name).port, internalPort: addressOf(name, 'internal').port, apiKey: secrets.centrifugoApiKey,
    jwksUrl: `${toUrl(addressOf('gateway'))}/.well-known/jwks.json`, redisUrl: redisUrl(place, 'centrifugo', secrets.centrifugoRedisPassword),
    databaseUrl: databaseUrl(place, 'neo_centrifugo', secrets.centrifugoDatabasePassword), allowedOrigins: [place.publicOrigin ?? new URL(place.publicUrl).origin],
  })
}
