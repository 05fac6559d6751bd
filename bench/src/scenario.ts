/** What a scenario is given and gives. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { startPlatform, type PlatformProcess, type PlatformProcessOptions } from '@neo-stack/testing'
import type { Row } from './table.ts'

/** Path of the repository. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Path of the platform's process. */
const platformMain: string = `${root}services/platform/src/main.ts`

/** The generator is the limit beyond this lag of its event loop, in milliseconds. */
const LAG_LIMIT_MS = 50

/** How a run is measured. */
export interface BenchContext {
  /** Whether the server gets core 0 for itself. */
  pinned: boolean
  /** Seconds of load. */
  seconds: number
  /** Events to search. */
  events: number
  /** Address of an empty PostgreSQL. @default PGlite in memory */
  database?: string
  /** Times a comparison is run; the median counts. */
  runs: number
  /** What chance is drawn from, where a scenario leaves something to it. */
  seed: number
  /** Flags of Node for the server that is measured, such as `--cpu-prof`. @default none */
  nodeFlags?: readonly string[]
  say: (text: string) => void
}

/** What a scenario measured. */
export interface Measured {
  rows: Row[]
  notes?: string[]
}

/** Cores of what is measured inside the generator's own process. */
export const WITH_THE_LOAD = '1, with the load'

/** A named scenario. */
export interface Scenario {
  doc: string
  /** Cores of what is measured, where `pinned` holds; figures may have others. @default '0': a server of its own */
  cores?: string
  run: (context: BenchContext) => Promise<Measured>
}

/** Path of event-service alone, without portals and demonstration. */
const bareMain: string = `${root}bench/server/main.ts`

/** Starts event-service alone on core 0, over PGlite in memory or a given PostgreSQL. */
export function startBareServer({ pinned, database, nodeFlags }: BenchContext, env: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
  return startPlatform({ main: bareMain, env: { ...env, ...database !== undefined && { BENCH_DATABASE: database } }, readyTimeoutMs: 120_000, ...pinned && { prefix: ['taskset', '-c', '0'] }, ...nodeFlags && { nodeFlags } })
}

/** Starts the platform on core 0; over a given PostgreSQL it is event-service alone. */
export function startServer({ pinned, database, nodeFlags }: BenchContext, options: Omit<Partial<PlatformProcessOptions>, 'main'> = {}): Promise<PlatformProcess> {
  const server = database === undefined ? { main: platformMain } : { main: bareMain, env: { BENCH_DATABASE: database } }
  return startPlatform({ ...server, readyTimeoutMs: 120_000, ...pinned && { prefix: ['taskset', '-c', '0'] }, ...nodeFlags && { nodeFlags }, ...options })
}

const GENERATOR_LAG = 'event loop lag of the generator, p99'

/** Measures the generator's own lag over a piece of work: the row, and the note that the generator was the limit, which every figure carries too. */
export async function watchGenerator(work: () => Promise<Row[]>): Promise<Measured> {
  const { result, lagMs } = await measureLag(work)
  const rows = [...result.map(row => withLag(row, lagMs)), toLagRow(GENERATOR_LAG, lagMs)]
  return { rows, notes: isGeneratorLimit(lagMs) ? ['The generator was the limit: these figures say less about the server than about the generator.'] : [] }
}

/** How late this process's own loop was over a piece of work, in milliseconds at p99. */
export async function measureLag<Result>(work: () => Promise<Result>): Promise<{ result: Result, lagMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const result = await work()
  delay.disable()
  // The histogram counts the timer's own period as delay.
  return { result, lagMs: Math.max(0, delay.percentile(99) / 1e6 - 5) }
}

const isGeneratorLimit = (lagMs: number): boolean => lagMs > LAG_LIMIT_MS

/** The figure, which says so where the generator was the limit. */
export function withLag(row: Row, lagMs: number): Row {
  return isGeneratorLimit(lagMs) ? { ...row, note: 'the generator was the limit' } : row
}

/** The generator's lag as a figure: of a piece of work, or of all of it beside one server. */
export function toLagRow(name: string, lagMs: number): Row {
  return withLag({ name, cores: '1', value: lagMs, unit: 'ms', goal: `≤ ${LAG_LIMIT_MS}` }, lagMs)
}
