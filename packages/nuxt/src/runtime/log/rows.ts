/** Which lines a log view has as rows: all but those inside of folded groups. Pure. */
import type { LogGroup } from '@neo-stack/client'

/** Lines that are not shown, `from` and `to` included. */
interface Hidden {
  from: number
  to: number
  /** Hidden lines before these. */
  before: number
}

/** Rows and lines, counted from 1, and how one leads to the other. */
export interface Rows {
  count: number
  lineOf: (row: number) => number
  /** The row of a line; of a hidden one that of its group. */
  rowOf: (line: number) => number
  isHidden: (line: number) => boolean
}

/** Makes the rows of a log. @param folded first lines of the groups that are folded */
export function toRows(last: number, groups: readonly LogGroup[], folded: ReadonlySet<number>): Rows {
  const hidden = toHidden(last, groups.filter(({ from }) => folded.has(from)))
  const total = hidden.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  const rowOf = (line: number): number => {
    const range = hidden[findLast(hidden, one => one.from <= line)]
    if (!range) return line
    return line <= range.to ? range.from - 1 - range.before : line - range.before - (range.to - range.from + 1)
  }
  return {
    count: last - total,
    rowOf,
    lineOf: row => {
      const range = hidden[findLast(hidden, one => one.from - one.before <= row)]
      return range ? row + range.before + (range.to - range.from + 1) : row
    },
    isHidden: line => {
      const range = hidden[findLast(hidden, one => one.from <= line)]
      return range !== undefined && line <= range.to
    },
  }
}

/** What stays folded when a line is to be seen: the groups that do not hide it. */
export function unfold(folded: ReadonlySet<number>, groups: readonly LogGroup[], line: number): ReadonlySet<number> {
  const hiding = groups.filter(({ from, end = Number.POSITIVE_INFINITY }) => folded.has(from) && line > from && line <= end).map(({ from }) => from)
  return hiding.length === 0 ? folded : new Set([...folded].filter(from => !hiding.includes(from)))
}

/** A folded group shows its first line; groups inside of another folded one are hidden with it. */
function toHidden(last: number, groups: readonly LogGroup[]): Hidden[] {
  const hidden: Hidden[] = []
  let before = 0
  for (const { from, end = last } of groups) {
    if (from < (hidden.at(-1)?.to ?? 0) || end <= from) continue
    hidden.push({ from: from + 1, to: end, before })
    before += end - from
  }
  return hidden
}

/** Index of the last member for which something holds that holds for all before it; -1 for none. */
function findLast<Member>(members: readonly Member[], holds: (member: Member) => boolean): number {
  let [low, high] = [0, members.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const member = members[middle]
    if (member !== undefined && holds(member)) low = middle + 1
    else high = middle
  }
  return low - 1
}
