/** One table for people. Pure. */

import { toFigure } from './statistics.ts'

/** A measured figure. */
export interface Row {
  name: string
  value: number
  unit: string
  /** What the issue asks for, where it asks. */
  goal?: string
  /** Cores that what is measured ran on, as `taskset` names them. @default the scenario's, on a machine that is `pinned` */
  cores?: string
  /** What this figure must not be believed for. */
  note?: string
}

/** Renders figures as a Markdown table whose columns line up; cores and notes have a column where a figure has them. */
export function formatTable(rows: readonly Row[]): string {
  const more = (['cores', 'note'] as const).filter(name => rows.some(row => row[name] !== undefined))
  return formatLines([
    ['figure', 'value', 'unit', 'goal', ...more],
    ...rows.map(row => [row.name, toFigure(row.value), row.unit, row.goal ?? '', ...more.map(name => row[name] ?? '')]),
  ], [1])
}

/** Renders lines, the first being the head, as a Markdown table; `figures` are the columns of numbers. */
export function formatLines(lines: readonly (readonly string[])[], figures: readonly number[]): string {
  const [head = [], ...rest] = lines
  const widths = head.map((_, column) => Math.max(3, ...lines.map(line => line[column]?.length ?? 0)))
  const toLine = (line: readonly string[]): string =>
    `| ${widths.map((width, column) => figures.includes(column) ? (line[column] ?? '').padStart(width) : (line[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `|${widths.map((width, column) => figures.includes(column) ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)).join('|')}|`
  return [toLine(head), rule, ...rest.map(toLine)].join('\n')
}
