/** When a part of the installation is well. Pure. */

import type { Part } from '@neo-stack/events'

/** A part as it was judged, wherever that began. */
export type Judged = Omit<Part, 'since'>

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
export const worstFirst = <One extends Judged>(parts: readonly One[]): One[] => parts.toSorted((a, b) => rank[a.state] - rank[b.state])

/** A part that did not answer. */
export const unreachable = (name: Part['name']): Judged => ({ name, state: 'down', reason: 'unreachable', figures: {} })

const warn = (isFine: boolean, reason: Part['reason']): Pick<Part, 'state' | 'reason'> => isFine ? { state: 'ok', reason: 'fine' } : { state: 'warning', reason }

/** @param milliseconds until it answered */
export const judgeDatabase = (milliseconds: number): Judged => ({ name: 'database', ...warn(milliseconds <= SLOW_MS, 'waiting_long'), figures: { milliseconds } })

/** See {@link Part}. Failed jobs are of deployments that ended badly: told, but a look is enough. */
export function judgeQueue({ states, oldestSeconds }: Backlog): Judged {
  const isMoving = oldestSeconds <= JOB_SECONDS
  return { name: 'queue', ...isMoving ? warn(states.failed === 0, 'jobs_failed') : warn(false, 'waiting_long'), figures: { ...states, oldestSeconds } }
}

/** Events that wait for Centrifugo, and whether what the canary publishes reaches each of its nodes. */
export function judgeDelivery({ rows, oldestSeconds }: { rows: number, oldestSeconds: number }, nodes: Readonly<Record<string, boolean>> = {}): Judged {
  const deaf = Object.values(nodes).filter(isHeard => !isHeard).length
  const figures = { waiting: rows, oldestSeconds, ...deaf > 0 && { deaf } }
  if (oldestSeconds > OUTBOX_SECONDS) return { name: 'delivery', state: 'down', reason: 'outbox_waits', figures }
  return { name: 'delivery', ...deaf > 0 ? { state: 'down', reason: 'node_deaf' } : { state: 'ok', reason: 'fine' }, figures }
}

/** @param channels whose newest events cannot be found by index yet */
export const judgeSearch = (channels: number): Judged => ({ name: 'search', ...warn(channels <= BEHIND_CHANNELS, 'behind'), figures: { channels } })

/** The process that answers; `faults` are those of background tasks since its start. */
export const judgeService = (figures: { uptimeSeconds: number, memoryBytes: number, faults: number }): Judged =>
  ({ name: 'service', ...warn(figures.faults === 0, 'faults'), figures })
