import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { dumpPglite } from '../src/database/pglite.ts'
import { createJobs } from '../src/deployments/jobs.ts'

declare module 'vitest' {
  interface ProvidedContext { preparedDatabase?: string, postgresUrl?: string }
}

let folder: string | undefined

/** Migrates one database for all files: copies of it open in half a second. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(path.join(tmpdir(), 'event-service-'))
  const dump = await dumpPglite(async database => { await (await createJobs(database)).stop() })
  const file = path.join(folder, 'database.tar')
  await writeFile(file, Buffer.from(await dump.arrayBuffer()))
  project.provide('preparedDatabase', file)
}

export async function teardown(): Promise<void> {
  if (folder) await rm(folder, { recursive: true })
}
