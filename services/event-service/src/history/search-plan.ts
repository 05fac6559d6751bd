/** Whether to go on through the log or to ask the index, after a look at the newest events. Pure. */

/** Events of the first look. */
export const WINDOW = 500

/** What the first look saw. */
export interface Seen {
  hits: number
  looked: number
  /** Events there are in all, about. */
  total: number
  wanted: number
}

/** The next step: through so many more events, or the index. */
export type NextStep = { step: 'walk', window: number } | { step: 'index' }

/** A hit of the index costs more than an event that is walked over: it is fetched, looked at and sorted with all others. */
const INDEX_COST = 2

/** Nobody walks further. */
const MAX_WALK = 40_000

/** Chance is not evenly spread: a walk may be so many times longer than expected. */
const SLACK = 2

/** Decides. What was rare among the newest is taken for rare everywhere: the index is right in any case, only slower for common words. */
export function planNext({ hits, looked, total, wanted }: Seen): NextStep {
  const share = hits / looked
  const expected = hits === 0 ? Infinity : wanted / share
  const window = Math.ceil(expected * SLACK)
  return window <= MAX_WALK && expected <= total * share * INDEX_COST ? { step: 'walk', window } : { step: 'index' }
}
