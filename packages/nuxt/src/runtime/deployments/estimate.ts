/** How long a deployment takes and took. Pure. */
import type { Deployment } from '@neo-stack/events'
import { isRunning } from './status.ts'

/** What is expected of the end: a moment and the seconds until it, or that it is overdue. */
export type Estimate = { kind: 'none' } | { kind: 'late' } | { kind: 'at', time: string, seconds: number }

/** Reads the expected end of a running deployment. `now` in milliseconds since the Unix epoch. */
export function toEstimate(deployment: Pick<Deployment, 'status' | 'estimatedCompletion'>, now: number): Estimate {
  const { estimatedCompletion } = deployment
  if (!isRunning(deployment) || estimatedCompletion === undefined) return { kind: 'none' }
  const seconds = Math.round((Date.parse(estimatedCompletion) - now) / 1000)
  return seconds < 1 ? { kind: 'late' } : { kind: 'at', time: estimatedCompletion, seconds }
}

/** Seconds from start to end; `undefined` while it runs. */
export function toTookSeconds({ createdAt, finishedAt }: Pick<Deployment, 'createdAt' | 'finishedAt'>): number | undefined {
  return finishedAt === undefined ? undefined : Math.max(0, Math.round((Date.parse(finishedAt) - Date.parse(createdAt)) / 1000))
}
