/** PostgreSQL as the stacks use it: one role named after the stack, its password a secret of the instance. */

import type { ServiceSpec, StepSpec } from './entry.ts'

/** The service for one stack. */
export function postgresFor(stack: string, initSeconds: number): ServiceSpec {
  return {
    name: 'postgres', image: 'postgres:16.9', pull: 14, start: 6, port: 5432, needs: [],
    container: {
      environment: { POSTGRES_USER: stack, POSTGRES_DB: 'postgres', POSTGRES_PASSWORD_FILE: '/run/secrets/db_password' },
      secrets: ['db_password'], mounts: { 'db-data': '/var/lib/postgresql/data' },
      probe: { command: ['pg_isready', '-U', stack, '-d', 'postgres'], seconds: 60 }, memoryMiB: 1024, cpus: 1,
    },
    before: [],
    after: [initDatabase(stack, initSeconds)],
  }
}

function initDatabase(stack: string, weight: number): StepSpec {
  const script = `psql -U ${stack} -d postgres -tAc "select 1 from pg_database where datname = '${stack}'" | grep -q 1 || createdb -U ${stack} ${stack}`
  return {
    id: 'init_database', params: { database: stack }, weight, kinds: ['create'],
    run: { in: 'exec', service: 'postgres', command: ['sh', '-c', script] },
  }
}
