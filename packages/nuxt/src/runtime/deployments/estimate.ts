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

/** Seconds from start to end, without those in the queue; `undefined` while it runs. */
export function toTookSeconds({ createdAt, startedAt = createdAt, finishedAt }: Pick<Deployment, 'createdAt' | 'startedAt' | 'finishedAt'>): number | undefined {
  return finishedAt === undefined ? undefined : Math.max(0, Math.round((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000))
}

/** How long deployments of one kind usually take, in seconds: half of them at most `p50`, nine in ten at most `p90`. */
export interface Pace {
  p50: number
  p90: number
  /** Whether these are the catalogue's figures, because none of the kind has succeeded yet. */
  isFirst: boolean
}

/** Successes that are looked at, the newest ones. */
const SUCCESSES = 10
/** How much longer than half of the others is slow. */
const SLOW = 1.5
/** Seconds without output after which a running deployment is quiet. */
const QUIET_SECONDS = 60

/**
 * The usual pace of deployments like this one, by the last ten that succeeded; before the first by the catalogue, whose figures are what
 * half of them take. Undefined where it says nothing either, as while it waits in the queue.
 * @param all newest first
 */
export function toPace(all: Iterable<Deployment>, { deploymentId, kind, instanceType, expectedSeconds }: Pick<Deployment, 'deploymentId' | 'kind' | 'instanceType' | 'expectedSeconds'>): Pace | undefined {
  const took = [...all]
    .filter(one => one.status === 'completed' && one.kind === kind && one.instanceType === instanceType && one.deploymentId !== deploymentId)
    // What took no second was told and not carried out, such as a demonstration: no pace for anything.
    .flatMap(one => toTookSeconds(one) || []).slice(0, SUCCESSES).sort((a, b) => a - b)
  const at = (share: number): number => took[Math.max(0, Math.ceil(share * took.length) - 1)] ?? 0
  if (took.length > 0) return { p50: at(0.5), p90: at(0.9), isFirst: false }
  return expectedSeconds === undefined ? undefined : { p50: expectedSeconds, p90: expectedSeconds * SLOW, isFirst: true }
}

/** Whether a running deployment takes much longer than usual. */
export function isSlow({ status, createdAt, startedAt = createdAt }: Pick<Deployment, 'status' | 'createdAt' | 'startedAt'>, pace: Pace | undefined, now: number): boolean {
  return pace !== undefined && isRunning({ status }) && status !== 'queued' && (now - Date.parse(startedAt)) / 1000 > SLOW * pace.p50
}

/**
 * Seconds since a running deployment said something, when that is long ago.
 * @param lastOutput when its log's last line came, in milliseconds since 1970
 */
export function toQuietSeconds(deployment: Pick<Deployment, 'status' | 'updatedAt'>, lastOutput: number | undefined, now: number): number | undefined {
  if (!isRunning(deployment) || deployment.status === 'queued') return undefined
  const seconds = Math.round((now - Math.max(Date.parse(deployment.updatedAt), lastOutput ?? 0)) / 1000)
  return seconds >= QUIET_SECONDS ? seconds : undefined
}
