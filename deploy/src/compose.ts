/** deploy/compose.yaml: the topology as containers. Pure. Secrets are files; nothing secret stands in it. */

import { stringify } from 'yaml'
import { ALERTMANAGER_SECRET, ALERTMANAGER_START } from './monitoring/alertmanager.ts'
import { GRAFANA_SECRET } from './monitoring/compose.ts'
import { MEMORY_LIMITS } from './limits.ts'
import { createTopology, type Part, type Place, type Role, type Secrets } from './topology.ts'

/** How a role runs as a container. */
interface Container {
  image: string
  dockerfile?: string
  command?: readonly string[]
  user: string
  cpus: string
  /** Command that succeeds while the part is well. */
  health: readonly string[]
  /** Folder that is kept, and folders that may be written and are not. */
  volume?: string
  tmpfs?: readonly string[]
}

const get = (address: string): readonly string[] => ['CMD-SHELL', `wget -q -O /dev/null ${address} || curl -fsS -o /dev/null ${address}`]

const containers: Record<Role, Container> = {
  'postgres': {
    image: 'docker.io/library/postgres:15', user: '999:999', cpus: '2', health: ['CMD-SHELL', 'pg_isready -U neo -d neo'],
    volume: '/var/lib/postgresql/data', tmpfs: ['/tmp', '/var/run/postgresql'],
  },
  'redis': {
    image: 'docker.io/library/redis:7.2', user: '999:999', cpus: '1', health: ['CMD-SHELL', 'redis-cli ping | grep -q -e PONG -e NOAUTH'],
    command: ['redis-server', '--aclfile', '/etc/neo/users.acl', '--save', ''], tmpfs: ['/data', '/tmp'],
  },
  'event-service': {
    image: 'neo-stack/platform', dockerfile: 'deploy/docker/platform.Dockerfile', user: '10001:10001', cpus: '2', health: get('http://127.0.0.1:8080/readyz'),
    volume: '/var/lib/neo', tmpfs: ['/tmp'],
  },
  'centrifugo': {
    image: 'neo-stack/centrifugo', dockerfile: 'deploy/docker/centrifugo.Dockerfile', user: '10001:10001', cpus: '2', health: get('http://127.0.0.1:9000/health'), tmpfs: ['/tmp'],
  },
  'stack-deployer': {
    image: 'neo-stack/platform', dockerfile: 'deploy/docker/platform.Dockerfile', command: ['services/platform/src/main.ts', 'deployer'], user: '10001:10001', cpus: '1',
    health: get('http://127.0.0.1:8080/readyz'), volume: '/var/lib/neo', tmpfs: ['/tmp'],
  },
  'gateway': {
    image: 'neo-stack/gateway', dockerfile: 'deploy/docker/gateway.Dockerfile', user: '10001:10001', cpus: '1', health: get('http://127.0.0.1:8080/readyz'), tmpfs: ['/tmp'],
  },
}

/** Environment variables that are read from a file of the same name in lower case. */
const SECRET = ['METRICS_TOKEN', 'NEO_SMTP_URL', 'DATABASE_URL', 'REDIS_URL', 'CENTRIFUGO_API_KEY', 'CENTRIFUGO_HTTP_API_KEY', 'CENTRIFUGO_ENGINE_REDIS_ADDRESS', 'CENTRIFUGO_CONSUMERS_OUTBOX_POSTGRESQL_DSN'] as const

/** Files of `deploy/secrets` besides those of {@link SECRET}. */
const MOUNTED: Partial<Record<Role, readonly string[]>> = { postgres: ['database_password', 'centrifugo_database_password'], redis: ['redis_users'] }

/** Settings that containers are given as `docker compose` has them; empty is not set. */
export const passedOn: readonly string[] = ['NEO_TENANT_METRICS', 'LOG_LEVEL', 'NEO_OTLP_URL']

/** Public port of the gateway inside its container, and ports of the other parts. */
const PORTS: Record<Role, number> = { 'postgres': 5432, 'redis': 6379, 'event-service': 8080, 'centrifugo': 8000, 'stack-deployer': 8080, 'gateway': 8080 }
const INTERNAL_PORT = 9000

/** Where people reach the gateway, as `docker compose` has it; browsers send the part before a path as their origin. */
const PUBLIC_URL = '${NEO_PUBLIC_URL:-http://localhost:8080}'

/** Containers' addresses: each is found under its name. */
export function composePlace(secrets: Secrets): Place {
  const roleOf = (name: string): Role => name.replace(/-\d+$/, '') as Role
  return {
    addressOf: (name, door) => ({ host: name, port: door === 'internal' ? INTERNAL_PORT : PORTS[roleOf(name)] }),
    listen: '0.0.0.0', publicUrl: PUBLIC_URL, publicOrigin: `\${NEO_PUBLIC_ORIGIN:-${PUBLIC_URL}}`, folderOf: () => '/var/lib/neo', secrets, demo: false, mail: { smtpUrl: '', from: '${NEO_MAIL_FROM:-}' },
    settings: Object.fromEntries(passedOn.map(name => [name, `\${${name}:-}`])),
  }
}

/** Files that fit whatever the others hold: an installation made before there were any is given them. */
export const INDEPENDENT: ReadonlySet<string> = new Set(['neo_smtp_url', GRAFANA_SECRET, ALERTMANAGER_SECRET])

/** Contents of the secret files by name: what {@link createCompose} and the monitoring refer to. */
export function secretFiles(place: Place, redisUsers: string): Record<string, string> {
  const files: Record<string, string> = {
    database_password: place.secrets.databasePassword, centrifugo_database_password: place.secrets.centrifugoDatabasePassword, redis_users: redisUsers,
    [GRAFANA_SECRET]: place.secrets.grafanaAdminPassword, [ALERTMANAGER_SECRET]: ALERTMANAGER_START,
  }
  for (const { environment } of createTopology(place)) {
    for (const name of SECRET) if (environment[name] !== undefined) files[name.toLowerCase()] = environment[name]
  }
  return files
}

/** The file. */
export function createCompose(place: Place): string {
  const parts = createTopology(place)
  const names = [...new Set(parts.flatMap(part => secretsOf(part)))].sort()
  const compose = {
    name: 'neo-stack-events',
    services: Object.fromEntries(parts.map(part => [part.name, toService(part)])),
    volumes: Object.fromEntries(parts.filter(({ role }) => containers[role].volume !== undefined).map(({ name }) => [name, {}])),
    secrets: Object.fromEntries(names.map(name => [name, { file: `./secrets/${name}` }])),
  }
  return `# Generated by npm run config:centrifugo from deploy/src/topology.ts. Secrets: node deploy/src/main.ts secrets\n${stringify(compose, { lineWidth: 160 })}`
}

const isSecret = (name: string): boolean => (SECRET as readonly string[]).includes(name)

function secretsOf({ role, environment }: Part): string[] {
  return [...Object.keys(environment).filter(isSecret).map(name => name.toLowerCase()), ...MOUNTED[role] ?? []]
}

function toService(part: Part): Record<string, unknown> {
  const { image, dockerfile, command, user, cpus, health, volume, tmpfs } = containers[part.role]
  const environment = Object.entries(part.environment).map(([name, value]) => isSecret(name) ? [`${name}_FILE`, `/run/secrets/${name.toLowerCase()}`] as const : [name, value] as const)
  return {
    image, ...dockerfile !== undefined && { build: { context: '..', dockerfile } }, ...command && { command: [...command] },
    user, read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], restart: 'unless-stopped', stop_grace_period: '20s',
    environment: { ...Object.fromEntries(environment), ...extraEnvironment[part.role] },
    ...secretsOf(part).length > 0 && { secrets: secretsOf(part) },
    volumes: [...volume === undefined ? [] : [`${part.name}:${volume}`], ...files[part.role] ?? []],
    ...tmpfs && { tmpfs: [...tmpfs] },
    ...part.role === 'gateway' && { ports: ['${NEO_PORT:-8080}:8080'] },
    depends_on: Object.fromEntries(part.after.map(name => [name, { condition: 'service_healthy' }])),
    healthcheck: { test: [...health], interval: '5s', timeout: '3s', retries: 12, start_period: '30s' },
    deploy: { resources: { limits: { memory: MEMORY_LIMITS[part.role], cpus } } },
  }
}

/** What only containers are told. */
const extraEnvironment: Partial<Record<Role, Record<string, string>>> = {
  postgres: { POSTGRES_USER: 'neo', POSTGRES_DB: 'neo', POSTGRES_PASSWORD_FILE: '/run/secrets/database_password' },
}

/** Files of this folder that parts read. */
const files: Partial<Record<Role, string[]>> = {
  postgres: ['./postgres/roles.sh:/docker-entrypoint-initdb.d/roles.sh:ro'],
  redis: ['./secrets/redis_users:/etc/neo/users.acl:ro'],
  centrifugo: ['./centrifugo/config.json:/etc/neo/config.json:ro'],
  gateway: ['./nginx/nginx.conf:/etc/neo/nginx.conf:ro'],
}
