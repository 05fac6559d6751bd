/** The simulated driver: believable output and timing, nothing real. Labelled as such in the log and in every event. */

import { sleep as realSleep, type Sleep } from '../sleep.ts'
import { stepKey, type PlanStep } from '../steps.ts'
import { routedHost } from '../plan.ts'
import type { Driver, StepContext, StepOutput } from './driver.ts'
import { failureOf } from './failures.ts'
import { simulatedStats } from './figures.ts'
import { createRandom, type Random } from './random.ts'
import { scripts, type Scene, type ScriptLine } from './scripts.ts'

/** How the simulation behaves. */
export interface SimulatedOptions {
  /** Seconds of weight per real second; an Odoo deployment takes about 25 s at the default. @default 6 */
  speed?: number
  /** Waits; tests give their own. */
  sleep?: Sleep
}

/** Makes a driver that only acts; runs are the same for the same deployment id. */
export function createSimulatedDriver({ speed = 6, sleep = realSleep }: SimulatedOptions = {}): Driver {
  return {
    simulated: true,
    pace: 1 / speed,
    async* prepare({ resumed }, signal) {
      signal.throwIfAborted()
      if (!resumed) yield line('Simulação: não há containers disponíveis, nada real está sendo implantado.')
    },
    async* execute(step, context, signal) {
      const lines = toLines(step, context)
      const shares = toShares(createRandom(stepKey(step) + context.job.deploymentId), lines.length + 1)
      const pause = (index: number): number => ((step.weight * 1000) / speed) * (shares[index] ?? 0)
      let done = 0
      for (const [index, said] of lines.entries()) {
        await sleep(pause(index), signal)
        signal.throwIfAborted()
        yield typeof said === 'string' ? line(said) : { stream: 'stderr', text: said.stderr }
        done += shares[index] ?? 0
        yield { progress: Math.min(1, done) }
      }
      await sleep(pause(lines.length), signal)
      signal.throwIfAborted()
      const failing = failureOf(step, context.job, context.plan)
      if (failing) throw failing.reason
    },
    async* rollback({ job, failedAt }, signal) {
      signal.throwIfAborted()
      if (job.kind === 'delete') return
      yield line(failedAt ? `Rolling back step ${failedAt.id}; what the steps before it made stays for another try` : `Rolling back deployment ${job.deploymentId}`)
      await sleep(1000 / speed, signal)
      yield line('Rollback done')
    },
    url: ({ plan }) => `https://${routedHost(plan)}`,
    stats: (instance, at) => Promise.resolve(simulatedStats(instance, at)),
  }
}

const line = (text: string): StepOutput => ({ stream: 'stdout', text })

/** Uneven parts of a whole: most lines come close together, some after a wait. */
function toShares(random: Random, count: number): number[] {
  const parts = Array.from({ length: count }, () => 0.1 + random() ** 4 * 5)
  const sum = parts.reduce((total, part) => total + part, 0)
  return parts.map(part => part / sum)
}

/** The script of a step; a failing one stops half-way and ends with its errors. */
function toLines(step: PlanStep, { job, plan }: StepContext): ScriptLine[] {
  const scene: Scene = {
    random: createRandom(`${job.deploymentId}/${stepKey(step)}`), instanceId: job.instanceId, host: routedHost(plan), params: step.params,
  }
  const lines = scripts[step.id](scene)
  const failing = failureOf(step, job, plan)
  return failing ? [...lines.slice(0, Math.ceil(lines.length / 2)), ...failing.stderr.map(stderr => ({ stderr }))] : lines
}
