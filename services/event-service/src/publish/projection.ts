/**
 * Projections: what a feature keeps of the events, written in the transaction that writes the log. Features register theirs;
 * the write path knows none of them by name.
 */

import type { Actor, Channel, EventTypeName } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'

/** A checked event on its way into the log. */
export interface PendingEvent {
  id: string
  channel: Channel
  type: EventTypeName
  time: string
  actor: Actor
  data: Record<string, unknown>
  /** The place in a trace that it was published at, where one is passed on. */
  traceparent?: string
}

/** What a projection may change: the event's data, and events of other channels that belong to it. */
export interface Projected {
  /** The event says nothing new: it gets no number, is not logged and not delivered. @default false */
  isRepeat?: boolean
  data?: Record<string, unknown>
  derived?: readonly Pick<PendingEvent, 'channel' | 'type' | 'data'>[]
}

/** A feature's part of the write path. */
export interface Projection {
  types: readonly EventTypeName[]
  /**
   * Names of channels that `apply` may derive events on: they are locked with the event's own, in the order of names. May read what tells
   * that there will be none: nobody is then held up by the lock.
   */
  derives?: (event: PendingEvent, tx: Tx) => readonly string[] | Promise<readonly string[]>
  /**
   * Runs once per event, in the order of `seq`, inside the transaction. Throws a Problem to refuse the event: nothing of it stays.
   */
  apply: (tx: Tx, event: PendingEvent) => Promise<Projected | undefined>
  /**
   * Does for events of one submission that follow each other what `apply` would do one after the other; `undefined` when it must be
   * done one by one, with nothing written.
   */
  applyAll?: (tx: Tx, events: readonly PendingEvent[]) => Promise<readonly Projected[] | undefined>
}

/** Projections by event type; one type has at most one. */
export type ProjectionRegistry = ReadonlyMap<EventTypeName, Projection>

/**
 * Joins the features' projections.
 * @throws {TypeError} when two want the same type.
 */
export function createProjectionRegistry(projections: readonly Projection[]): ProjectionRegistry {
  const registry = new Map<EventTypeName, Projection>()
  for (const projection of projections) {
    for (const type of projection.types) {
      if (registry.has(type)) throw new TypeError(`two projections want ${type}`)
      registry.set(type, projection)
    }
  }
  return registry
}
