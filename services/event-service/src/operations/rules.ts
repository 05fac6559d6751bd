/** When a part of the installation is well. Pure. */

import type { Part } from '@neo-stack/events'

/** Jobs of deployments, as the queue counts them. */
export interface Backlog {
  states: { waiting: number, running: number, failed: number }
  oldestSeconds: number
}

/** A job that has waited longer has nobody who takes it, or too few. */
const JOB_SECONDS = 60
/** Nobody reads the outbox beyond this. */
const OUTBOX_SECONDS = 5
const SLOW_MS = 500
const BEHIND_CHANNELS = 1000

const rank: Record<Part['state'], number> = { down: 0, warning: 1, ok: 2 }

/** What is down first, then what asks for a look. */
export const worstFirst = (parts: readonly Part[]): Part[] => parts.toSorted((a, b) => rank[a.state] - rank[b.state])

/** A part that did not answer. */
export const unreachable = (name: Part['name']): Part => ({ name, state: 'down', reason: 'unreachable', figures: {} })

const warn = (isFine: boolean, reason: Part['reason']): Pick<Part, 'state' | 'reason'> => isFine ? { state: 'ok', reason: 'fine' } : { state: 'warning', reason }

/** @param milliseconds until it answered */
export const judgeDatabase = (milliseconds: number): Part => ({ name: 'database', ...warn(milliseconds <= SLOW_MS, 'waiting_long'), figures: { milliseconds } })

/** See {@link Part}. Failed jobs are of deployments that ended badly: told, but a look is enough. */
export function judgeQueue({ states, oldestSeconds }: Backlog): Part {
  const isMoving = oldestSeconds <= JOB_SECONDS
  return { name: 'queue', ...isMoving ? warn(states.failed === 0, 'jobs_failed') : warn(false, 'waiting_long'), figures: { ...states, oldestSeconds } }
}

/** Events that wait for Centrifugo. */
export function judgeOutbox({ rows, oldestSeconds }: { rows: number, oldestSeconds: number }): Part {
  return { name: 'delivery', ...oldestSeconds <= OUTBOX_SECONDS ? warn(true, 'fine') : { state: 'down', reason: 'outbox_waits' }, figures: { waiting: rows, oldestSeconds } }
}

/** @param channels whose newest events cannot be found by index yet */
export const judgeSearch = (channels: number): Part => ({ name: 'search', ...warn(channels <= BEHIND_CHANNELS, 'behind'), figures: { channels } })

/** The process that answers; `faults` are those of background tasks since its start. */
export const judgeService = (figures: { uptimeSeconds: number, memoryBytes: number, faults: number }): Part =>
  ({ name: 'service', ...warn(figures.faults === 0, 'faults'), figures })
