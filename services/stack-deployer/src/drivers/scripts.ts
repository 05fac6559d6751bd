/** What the simulated steps print: believable output per step, as data made from a seeded stream of numbers. */

import type { MessageParams, StepId } from '../steps.ts'
import { between, hex, type Random } from './random.ts'
import { startup } from './startup.ts'

/** One line of a script; `stdout` where nothing is said. */
export type ScriptLine = string | { stderr: string }

/** What a script may use. */
export interface Scene {
  random: Random
  instanceId: string
  host: string
  params: MessageParams
}

const param = ({ params }: Scene, name: string): string => String(params[name] ?? name)
const list = (scene: Scene, name: string): string[] => param(scene, name).split(/,\s*/)
const digest = (scene: Scene): string => `sha256:${hex(scene.random, 64)}`

/** Script per step. */
export const scripts: Readonly<Record<StepId, (scene: Scene) => ScriptLine[]>> = {
  check_resources: ({ random }) => [
    `CPU: ${between(random, 4, 16)} cores, load ${(random() * 2).toFixed(2)}`,
    `Memory: ${between(random, 6, 24)} GiB available`,
    `Disk: ${between(random, 40, 400)} GiB available on /var/lib`,
  ],
  pull_image: pullLines,
  create_network: scene => [`Creating network "${param(scene, 'network')}" with the default driver`, hex(scene.random, 64)],
  create_volumes: scene => list(scene, 'volumes').map(volume => `Creating volume "${scene.instanceId}_${volume}" with default driver`),
  create_secrets: scene => ['db_password', 'admin_password', 'secret_key'].map(name => `Created secret ${scene.instanceId}_${name} (${hex(scene.random, 12)})`),
  generate_certificates: () => [
    'Generating root CA (RSA 2048, 3650 days)',
    ...['admin', 'indexer', 'manager', 'dashboard'].flatMap(name => [`Generating key for CN=${name}`, `Certificate request self-signature ok, subject=C=BR, O=NEO_STACK, CN=${name}`]),
    'Certificates written to /etc/wazuh-certs, mode 0400',
  ],
  start_service: startLines,
  stop_service: scene => [`Container ${scene.instanceId}-${param(scene, 'service')}-1  Stopping`, `Container ${scene.instanceId}-${param(scene, 'service')}-1  Stopped`],
  init_database: databaseLines,
  run_migrations: migrationLines,
  install_modules: moduleLines,
  update_modules: moduleLines,
  collect_static: ({ random }) => [`${between(random, 480, 620)} static files copied to '/opt/netbox/netbox/static'.`],
  create_admin: scene => [`User ${param(scene, 'user')} created`, 'One-time password stored in the secret admin_password'],
  init_security: ({ random }) => [
    'OpenSearch Security Admin v7', 'Connected as "CN=admin,O=NEO_STACK,C=BR"', 'Clustername: wazuh-cluster', 'Clusterstate: GREEN',
    ...['config', 'roles', 'rolesmapping', 'internalusers', 'actiongroups', 'tenants'].map(name => `Will update '/${name}' with ${name}.yml`),
    `Done with success (${between(random, 900, 2400)} ms)`,
  ],
  load_rules: ({ random }) => [
    `wazuh-analysisd: INFO: Total rules enabled: '${between(random, 4300, 4700)}'`,
    `wazuh-analysisd: INFO: Loaded decoders: '${between(random, 1100, 1300)}'`,
    'wazuh-analysisd: INFO: EPS limit disabled',
    'Index template wazuh-alerts-4.x-* acknowledged: true',
  ],
  backup_data: ({ random }) => [
    'pg_dump: saving database definition', 'pg_dump: dumping contents of tables',
    `Backup written: ${between(random, 40, 900)} MiB, checksum ${hex(random, 16)}`,
  ],
  select_version: ({ random }) => [`Last good version: revision ${between(random, 2, 9)}`],
  restore_data: ({ random }) => ['pg_restore: connecting to database for restore', 'pg_restore: processing data', `Restored ${between(random, 40, 900)} MiB`],
  check_health: healthLines,
  configure_route: scene => [`Route https://${scene.host} -> ${scene.instanceId}-network`, 'Certificate: issued, valid for 90 days', `GET https://${scene.host}/ 200`],
  remove_route: scene => [`Route https://${scene.host} removed`],
  remove_containers: scene => [`Removing containers of ${scene.instanceId} ... done`],
  remove_volumes: scene => list(scene, 'volumes').map(volume => `Removing volume ${scene.instanceId}_${volume} ... done`),
  remove_network: scene => [`Removing network ${param(scene, 'network')} ... done`],
  remove_secrets: scene => [`Removing secrets of ${scene.instanceId} ... done`],
}

function pullLines(scene: Scene): ScriptLine[] {
  const image = param(scene, 'image')
  const layers = Array.from({ length: between(scene.random, 4, 8) }, () => hex(scene.random, 12))
  return [
    `${image.split(':')[1]}: Pulling from ${image.split(':')[0]}`,
    ...layers.map(layer => `${layer}: Pulling fs layer`),
    ...layers.flatMap(layer => [
      `${layer}: Download complete (${(2 + scene.random() * 90).toFixed(1)} MB)`,
      `${layer}: Pull complete`,
    ]),
    `Digest: ${digest(scene)}`,
    `Status: Downloaded newer image for ${image}`,
  ]
}

function startLines(scene: Scene): ScriptLine[] {
  const service = param(scene, 'service')
  return [
    `Container ${scene.instanceId}-${service}-1  Creating`,
    `Container ${scene.instanceId}-${service}-1  Started`,
    ...(startup[service]?.(scene.random) ?? []).map(text => `${service}-1  | ${text}`),
  ]
}

function databaseLines(scene: Scene): ScriptLine[] {
  const database = param(scene, 'database')
  return [
    `psql: connected to server "postgres" as user "postgres"`, `CREATE ROLE`, `CREATE DATABASE`,
    `You are now connected to database "${database}" as user "postgres".`,
    'CREATE EXTENSION', 'GRANT', `ALTER DATABASE`,
  ]
}

function migrationLines({ random }: Scene): ScriptLine[] {
  const apps = ['contenttypes', 'auth', 'core', 'extras', 'users', 'tenancy', 'dcim', 'ipam', 'circuits', 'virtualization', 'vpn', 'wireless']
  return [
    'Operations to perform:', `  Apply all migrations: ${apps.join(', ')}`, 'Running migrations:',
    ...apps.flatMap(app => Array.from({ length: between(random, 1, 4) }, (_, index) =>
      `  Applying ${app}.${String(index + 1).padStart(4, '0')}_${index === 0 ? 'initial' : `squashed_${hex(random, 4)}`}... OK`)),
  ]
}

function moduleLines(scene: Scene): ScriptLine[] {
  const modules = list(scene, 'modules')
  return [
    `INFO odoo odoo.modules.loading: loading ${modules.length} modules...`,
    ...modules.flatMap((name, index) => [
      `INFO odoo odoo.modules.loading: Loading module ${name} (${index + 1}/${modules.length})`,
      `INFO odoo odoo.modules.registry: module ${name}: creating or updating database tables`,
      `INFO odoo odoo.modules.loading: loading ${name}/security/ir.model.access.csv`,
      `INFO odoo odoo.modules.loading: Module ${name} loaded in ${(0.3 + scene.random() * 3).toFixed(2)}s, ${between(scene.random, 90, 2400)} queries`,
    ]),
    { stderr: 'WARNING odoo odoo.modules.loading: The model account.tour has no access rules, consider adding one' },
    'INFO odoo odoo.modules.loading: Modules loaded.',
  ]
}

function healthLines(scene: Scene): ScriptLine[] {
  const tries = between(scene.random, 2, 4)
  return [
    ...Array.from({ length: tries }, (_, index) => `health: ${param(scene, 'service')} attempt ${index + 1}: starting`),
    `health: ${param(scene, 'service')} attempt ${tries + 1}: healthy (200 in ${between(scene.random, 20, 180)} ms)`,
  ]
}
