/** Counters of an engine as plain numbers; what only grows is a counter, the rest is asked of the live structures. */

/** Counters since the engine was made. */
export interface Counters {
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
  publications: number
  /** Connections refused by `connectionLimit` or `connectionRateLimit`. */
  connectionsLimited: number
  recoveries: { recovered: number, unrecovered: number }
  /** Connections ended by the engine, by close code. */
  disconnects: Record<number, number>
  /** Subscriptions ended by the engine, by code. */
  unsubscribes: Record<number, number>
  /** Error replies by code. */
  errors: Record<number, number>
}

/** What an exporter reads: gauges of this moment and counters. */
export interface EngineStats extends Readonly<Counters> {
  /** Open sockets, also those that have not connected yet. */
  readonly sockets: number
  readonly connections: number
  readonly users: number
  readonly subscriptions: number
  readonly channels: number
}

/** All zero. */
export const createCounters = (): Counters => ({
  messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, publications: 0, connectionsLimited: 0,
  recoveries: { recovered: 0, unrecovered: 0 }, disconnects: {}, unsubscribes: {}, errors: {},
})

/** Adds one under a code. */
export function countCode(codes: Record<number, number>, code: number): void {
  codes[code] = (codes[code] ?? 0) + 1
}
