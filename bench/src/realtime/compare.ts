/** Runs one piece of work on each server in turn and sets the figures side by side. */

import { readCpuSeconds } from '../usage.ts'
import { measureLag, toLagRow, withLag, type BenchContext, type Measured } from '../scenario.ts'
import type { Row } from '../table.ts'
import { findMissing, startTarget, TARGETS, type Target, type TargetName, type TargetOptions } from './target.ts'

/** Figures of one server by name; undefined where it can't do it. */
export type Figures = Readonly<Record<string, { value: number, unit: string } | undefined>>

/** What is compared, and what is asked for. */
export interface Comparison {
  options?: Omit<TargetOptions, 'pinned'>
  work: (target: Target) => Promise<Figures>
  /** @default all */
  targets?: readonly TargetName[]
  /** Figures whose ratio of the engine to Centrifugo is shown, with the goal. */
  ratios?: Readonly<Record<string, string>>
  /** Goals of the engine's own figures. */
  goals?: Readonly<Record<string, string>>
}

/** One run on one server: what was measured, and how late the generator was. */
export interface Run { figures: Figures, lagMs: number }

/** The median of the runs of each figure on each server; a figure says so where the generator was the limit of the run that it is of. */
export async function compare(context: BenchContext, { options = {}, work, targets = TARGETS, ratios = {}, goals = {} }: Comparison): Promise<Measured> {
  const missing = findMissing()
  const present = targets.filter(name => name !== 'Centrifugo' || missing === undefined)
  const runs = new Map<TargetName, Run[]>(present.map(name => [name, []]))
  for (let run = 0; run < context.runs; run++) {
    for (const name of present) runs.get(name)?.push(await measure(name, { ...options, pinned: context.pinned, ...context.nodeFlags && { nodeFlags: context.nodeFlags } }, work))
  }
  const names = [...new Set([...runs.values()].flatMap(list => list.flatMap(({ figures }) => Object.keys(figures))))]
  const rows = names.flatMap((name): Row[] => {
    const figures = present.flatMap(target => toMedian(runs.get(target) ?? [], name).map(row => ({ ...row, name: `${name}, ${target}`, ...target === 'engine' && goals[name] !== undefined && { goal: goals[name] } })))
    return [...figures, ...toRatio(figures, { name, goal: ratios[name] })]
  })
  const lags = present.map(target => toLagRow(`event loop lag of the generator, p99 of the worst run, ${target}`, Math.max(...(runs.get(target) ?? []).map(({ lagMs }) => lagMs))))
  return { rows: [...rows, ...lags], notes: missing === undefined ? [] : [`skipped: needs centrifugo (${missing})`] }
}

/** The figure of the run in the middle, if any run has it. */
export function toMedian(runs: readonly Run[], name: string): Row[] {
  const found = runs.flatMap(({ figures, lagMs }) => figures[name] ? [withLag({ name, ...figures[name] }, lagMs)] : []).toSorted((a, b) => a.value - b.value)
  return found.slice(Math.floor(found.length / 2)).slice(0, 1)
}

/** What the engine's is of Centrifugo's, as far as both are to be believed. */
function toRatio(figures: readonly Row[], { name, goal }: { name: string, goal: string | undefined }): Row[] {
  const [ours, theirs] = ['engine', 'Centrifugo'].map(target => figures.find(row => row.name === `${name}, ${target}`))
  const note = ours?.note ?? theirs?.note
  return ours && theirs && goal !== undefined ? [{ name: `${name}, engine ÷ Centrifugo`, value: ours.value / theirs.value, unit: '×', goal, ...note !== undefined && { note } }] : []
}

async function measure(name: TargetName, options: TargetOptions, work: Comparison['work']): Promise<Run> {
  const target = await startTarget(name, options)
  try {
    const { result, lagMs } = await measureLag(() => work(target))
    const parts = partLags.get(target)
    return { figures: result, lagMs: parts ? Math.max(...parts) : lagMs }
  } finally {
    await target.stop()
  }
}

/** How late the generator was in the parts that count: to open thousands of connections before them may make it late, and spoils nothing. */
const partLags = new WeakMap<Target, number[]>()

/** CPU seconds of the server over a piece of work, which is the part that counts. */
export async function cpuSecondsOf(target: Target, work: () => Promise<unknown>): Promise<number> {
  const before = await readCpuSeconds(target.pid)
  const { lagMs } = await measureLag(work)
  partLags.set(target, [...partLags.get(target) ?? [], lagMs])
  return await readCpuSeconds(target.pid) - before
}
