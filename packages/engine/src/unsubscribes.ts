/** Unsubscribe pushes: the server ends one subscription, the connection lives on. */

/** Every unsubscribe the engine pushes. From 2500 on clients subscribe again by themselves. Source: PROTOCOL 1.10. */
export const UNSUBSCRIBES = {
  server: { code: 2000, reason: 'server unsubscribe' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
  expired: { code: 2501, reason: 'expired' },
  stateInvalidated: { code: 2502, reason: 'state invalidated' },
} as const

/** Name of an unsubscribe of the table. */
export type UnsubscribeName = keyof typeof UNSUBSCRIBES

/** Code (2000–2999) and reason of an unsubscribe push. */
export interface Unsubscribe {
  readonly code: number
  readonly reason: string
}
