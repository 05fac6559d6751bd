/** The lines of one deployment's log as a reader keeps them. Pure. */

import type { Envelope, LogLine, LogPage } from '@neo-stack/events'

/** Consecutive lines; `last` is the number of the newest line, 0 when there is none yet. */
export interface LogView {
  lines: readonly LogLine[]
  last: number
}

/** Most lines kept; older ones are at the service. */
export const MAX_LOG_LINES = 10_000

/** Makes the view of a page of the newest lines. */
export function toLogView({ lines, last }: Pick<LogPage, 'lines' | 'last'>): LogView {
  return { lines: lines.slice(-MAX_LOG_LINES), last }
}

/** Adds a chunk's lines; those already there are skipped. Returns the same view when none is new. */
export function applyLogChunk(view: LogView, envelope: Envelope, maxLines: number = MAX_LOG_LINES): LogView {
  const fresh = toFreshLines(view, envelope)
  const newest = fresh.at(-1)
  return newest ? { lines: [...view.lines, ...fresh].slice(-maxLines), last: newest.n } : view
}

/** The lines of a chunk that a view does not have yet, in order. Other types of event have none. */
export function toFreshLines({ last }: LogView, { type, data }: Envelope): readonly LogLine[] {
  const lines = data['lines']
  if (type !== 'deployment_log' || !Array.isArray(lines)) return []
  return (lines as LogLine[]).filter(({ n }) => n > last)
}

/** Adds lines from before the view, for scrolling back; what does not join is left out. */
export function prependLogLines(view: LogView, older: readonly LogLine[]): LogView {
  const first = view.lines[0]?.n ?? view.last + 1
  const joined = older.filter(({ n }) => n < first)
  return joined.length > 0 && joined.at(-1)?.n === first - 1 ? { ...view, lines: [...joined, ...view.lines] } : view
}
