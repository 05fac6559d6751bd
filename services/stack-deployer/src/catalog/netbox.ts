/** NetBox with PostgreSQL and Redis, and its background worker. */

import type { CatalogueEntry, ContainerSpec, StepCommand } from './entry.ts'
import { postgresFor } from './postgres.ts'

const manage = '/opt/netbox/netbox/manage.py'

const container: ContainerSpec = {
  environment: {
    DB_HOST: 'postgres', DB_NAME: 'netbox', DB_USER: 'netbox', REDIS_HOST: 'redis', REDIS_CACHE_HOST: 'redis', SKIP_SUPERUSER: 'true', ALLOWED_HOSTS: '*',
  },
  secrets: ['db_password', 'secret_key', 'admin_password'],
  mounts: { media: '/opt/netbox/netbox/media', reports: '/opt/netbox/netbox/reports', scripts: '/opt/netbox/netbox/scripts' },
  probe: { command: ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1:8080/login/'], seconds: 180 }, memoryMiB: 1536, cpus: 2,
}

const once = (...command: string[]): StepCommand => ({ in: 'once', service: 'netbox', command })

/** Names and passwords reach Django by the environment and the secrets' files, never inside the text of a program. */
const createAdmin = 'DJANGO_SUPERUSER_PASSWORD="$(cat /run/secrets/admin_password)"; export DJANGO_SUPERUSER_PASSWORD; '
  + `${manage} createsuperuser --no-input --username "$1" --email "$1@localhost" || ${manage} shell -c "from django.contrib.auth import get_user_model as m; m().objects.get(username='$1')"`

export const netbox: CatalogueEntry = {
  type: 'netbox',
  label: 'NetBox',
  front: 'netbox',
  health: 12,
  config: {
    version: { default: '4.2.3', pattern: /^\d\.\d{1,2}\.\d{1,2}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  admin: { user: '{adminUser}', secret: 'admin_password' },
  services: [
    postgresFor('netbox', 6),
    {
      name: 'redis', image: 'redis:7.2.9', pull: 6, start: 2, port: 6379, needs: [], before: [], after: [],
      container: {
        environment: {}, secrets: [], mounts: { 'redis-data': '/data' }, probe: { command: ['redis-cli', 'ping'], seconds: 30 }, memoryMiB: 256, cpus: 0.5,
      },
    },
    {
      name: 'netbox', image: 'netboxcommunity/netbox:v{version}', pull: 32, start: 10, port: 8080, needs: ['postgres', 'redis'], container,
      before: [
        { id: 'run_migrations', weight: 34, kinds: ['create', 'redeploy'], run: once(manage, 'migrate', '--no-input') },
        { id: 'collect_static', weight: 5, kinds: ['create', 'redeploy'], run: once(manage, 'collectstatic', '--no-input') },
      ],
      after: [{
        id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'],
        run: { in: 'exec', service: 'netbox', command: ['sh', '-c', createAdmin, 'sh', '{adminUser}'] },
      }],
    },
    {
      name: 'netbox-worker', image: 'netboxcommunity/netbox:v{version}', pull: 2, start: 4, port: 0, needs: ['netbox'], before: [], after: [],
      container: { ...withoutProbe(container), command: [manage, 'rqworker'], mounts: {}, memoryMiB: 512, cpus: 1 },
    },
  ],
}

function withoutProbe({ probe: _, ...rest }: ContainerSpec): ContainerSpec {
  return rest
}
