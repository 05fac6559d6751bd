import type { TestProject } from 'vitest/node'
import { openPostgres } from '../src/database/postgres.ts'
import { createJobs } from '../src/deployments/jobs.ts'
import { isPostgresInstalled, isRequired, startPostgres, type PostgresServer } from './postgres-server.ts'

let server: PostgresServer | undefined

/** Starts a server and migrates one database for all files: copies of it are made in a tenth of a second. */
export async function setup(project: TestProject): Promise<void> {
  if (!isPostgresInstalled && !isRequired) return
  server = await startPostgres()
  const database = await openPostgres({ url: server.url })
  await (await createJobs(database)).stop()
  await database.close()
  project.provide('postgresUrl', server.url)
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
