/** Lines that an address names: `#L120` or `#L120-L140`. Pure. */

/** Lines, both included. */
export interface LineRange {
  from: number
  to: number
}

/** Reads an address' fragment. */
export function parseRange(hash: string): LineRange | undefined {
  const [, from, to = from] = /^#L(\d{1,12})(?:-L(\d{1,12}))?$/.exec(hash) ?? []
  const [low, high] = [Number(from), Number(to)].sort((a, b) => a - b)
  return low === undefined || high === undefined || !(low >= 1) ? undefined : { from: low, to: high }
}

/** The fragment of lines. */
export function formatRange({ from, to }: LineRange): string {
  return from === to ? `#L${from}` : `#L${from}-L${to}`
}

/** The range from a chosen line to another, whichever comes first. */
export function extendRange(range: LineRange | undefined, n: number): LineRange {
  return range ? { from: Math.min(range.from, n), to: Math.max(range.from, n) } : { from: n, to: n }
}
