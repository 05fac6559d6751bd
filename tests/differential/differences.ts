/** Where the engine answers otherwise than Centrifugo 6.9.1, and why. A row that no longer differs must go. */

/** A dialogue's name and ways in (all unless told), and the reason. */
export interface Difference {
  name: string
  transports?: readonly string[]
  why: string
}

export const differences: readonly Difference[] = []
