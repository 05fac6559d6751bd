/** When each event was painted, from when each text was on the screen. Pure. */

/** An event that was published: the `n`th of its deployment, accepted at a time in milliseconds. */
export interface Sent {
  deployment: string
  n: number
  at: number
}

/** A frame that showed the `n`th event of a deployment. */
export interface Shown {
  deployment: string
  n: number
  at: number
}

/**
 * Milliseconds from acceptance to paint, per event. An event that a later one overtook before the frame was painted counts as
 * painted with that one; one that was never painted is `undefined`.
 */
export function toPaintTimes(sent: readonly Sent[], shown: readonly Shown[]): (number | undefined)[] {
  return sent.map(event => {
    const frame = shown
      .filter(({ deployment, n }) => deployment === event.deployment && n >= event.n)
      .reduce<number | undefined>((first, { at }) => first === undefined ? at : Math.min(first, at), undefined)
    return frame === undefined ? undefined : Math.max(0, frame - event.at)
  })
}
