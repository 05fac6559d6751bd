/** Runs one piece of work on each server in turn and sets the figures side by side. */

import { readCpuSeconds } from '../usage.ts'
import type { BenchContext, Measured } from '../scenario.ts'
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

/** The median of the runs of each figure on each server. */
export async function compare(context: BenchContext, { options = {}, work, targets = TARGETS, ratios = {}, goals = {} }: Comparison): Promise<Measured> {
  const missing = findMissing()
  const present = targets.filter(name => name !== 'Centrifugo' || missing === undefined)
  const runs = new Map<TargetName, Figures[]>(present.map(name => [name, []]))
  for (let run = 0; run < context.runs; run++) {
    for (const name of present) runs.get(name)?.push(await measure(name, { ...options, pinned: context.pinned, ...context.nodeFlags && { nodeFlags: context.nodeFlags } }, work))
  }
  const names = [...new Set([...runs.values()].flatMap(list => list.flatMap(figures => Object.keys(figures))))]
  const medianOf = (target: TargetName, name: string): { value: number, unit: string } | undefined => {
    const found = (runs.get(target) ?? []).flatMap(figures => figures[name] ?? [])
    return found.toSorted((a, b) => a.value - b.value)[Math.floor(found.length / 2)]
  }
  const rows = names.flatMap((name): Row[] => {
    const figures = present.flatMap(target => {
      const median = medianOf(target, name)
      return median ? [{ name: `${name}, ${target}`, ...median, ...target === 'engine' && goals[name] !== undefined && { goal: goals[name] } }] : []
    })
    const [ours, theirs] = [medianOf('engine', name), medianOf('Centrifugo', name)]
    const ratio = ratios[name]
    return ours && theirs && ratio !== undefined ? [...figures, { name: `${name}, engine ÷ Centrifugo`, value: ours.value / theirs.value, unit: '×', goal: ratio }] : figures
  })
  return { rows, notes: missing === undefined ? [] : [`skipped: needs centrifugo (${missing})`] }
}

async function measure(name: TargetName, options: TargetOptions, work: Comparison['work']): Promise<Figures> {
  const target = await startTarget(name, options)
  try {
    return await work(target)
  } finally {
    await target.stop()
  }
}

/** CPU seconds of the server over a piece of work. */
export async function cpuSecondsOf({ pid }: Target, work: () => Promise<unknown>): Promise<number> {
  const before = await readCpuSeconds(pid)
  await work()
  return await readCpuSeconds(pid) - before
}
