/**
 * Which rows a scrolled view shows. Browsers limit how high an element may be (Firefox about 17.8 million pixels): a log that is
 * higher is scrolled in a shorter space, of which each pixel stands for several. Pure.
 */

/** Pixels of a row that is not wrapped. */
export const ROW_HEIGHT = 20
/** Highest space that is scrolled in. */
export const HIGHEST = 8_000_000
/** Rows above and below the visible ones. */
const MARGIN = 10
/** Rows in the page at most. */
const MOST_ROWS = 300

/** What is scrolled. */
export interface Viewport {
  /** Rows there are. */
  count: number
  /** Pixels. */
  scrollTop: number
  height: number
}

/** What is shown: rows counted from 1, `top` being where the first one lies in the scrolled space. */
export interface Shown {
  first: number
  last: number
  top: number
}

/** Height of the space that is scrolled in. */
export function toSpace(count: number): number {
  return Math.min(count * ROW_HEIGHT, HIGHEST)
}

/** Rows that are in sight, those included that are cut by an edge. */
export function toInSight({ count, scrollTop, height }: Viewport): Pick<Shown, 'first' | 'last'> {
  const offset = toOffset({ count, scrollTop, height })
  return { first: Math.floor(offset / ROW_HEIGHT) + 1, last: Math.min(count, Math.ceil((offset + height) / ROW_HEIGHT)) }
}

/** Rows that the page holds at a place: those in sight and some around. @param isWrapped rows may be higher than one line: the first one lies at the upper edge */
export function toShown({ count, scrollTop, height }: Viewport, isWrapped = false): Shown {
  const offset = toOffset({ count, scrollTop, height })
  const visible = Math.ceil(height / ROW_HEIGHT) + 1
  const margin = isWrapped ? 0 : Math.min(MARGIN, Math.floor(Math.max(0, MOST_ROWS - visible) / 2))
  const first = Math.max(1, Math.floor(offset / ROW_HEIGHT) + 1 - margin)
  const last = Math.min(count, first + Math.min(MOST_ROWS, visible + 2 * margin) - 1)
  return { first, last, top: isWrapped ? scrollTop : scrollTop - (offset - (first - 1) * ROW_HEIGHT) }
}

/** Where to scroll so that a row lies in the middle, or as near as there is space. */
export function toScrollTop(row: number, { count, height }: Omit<Viewport, 'scrollTop'>): number {
  const longest = Math.max(0, count * ROW_HEIGHT - height)
  const offset = Math.min(longest, Math.max(0, (row - 0.5) * ROW_HEIGHT - height / 2))
  return longest === 0 ? 0 : offset * (Math.max(0, toSpace(count) - height) / longest)
}

/** Pixels of the scrolled space that one row takes. */
export function toStep({ count, height }: Omit<Viewport, 'scrollTop'>): number {
  const longest = count * ROW_HEIGHT - height
  return longest <= 0 ? 0 : ROW_HEIGHT * ((toSpace(count) - height) / longest)
}

/** Pixels of the whole log above the upper edge. */
function toOffset({ count, scrollTop, height }: Viewport): number {
  const longest = Math.max(0, count * ROW_HEIGHT - height)
  const space = Math.max(0, toSpace(count) - height)
  return space === 0 ? 0 : Math.min(longest, Math.max(0, scrollTop) * (longest / space))
}
