import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { imagePglite } from '../src/database/pglite.ts'
import { writeImage } from '../src/database/pglite-image.ts'
import { createJobs } from '../src/deployments/jobs.ts'

declare module 'vitest' {
  interface ProvidedContext { preparedDatabase?: string, postgresUrl?: string }
}

let folder: string | undefined

/** Migrates one database for all files: copies of it open in a quarter of a second. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(path.join(tmpdir(), 'event-service-'))
  const image = await imagePglite(async database => { await (await createJobs(database)).stop() }, { isForCopies: true })
  const file = path.join(folder, 'database.image')
  await writeFile(file, writeImage(image))
  project.provide('preparedDatabase', file)
}

export async function teardown(): Promise<void> {
  if (folder) await rm(folder, { recursive: true })
}
