/** One table for people. Pure. */

import { toFigure } from './statistics.ts'

/** A measured figure. */
export interface Row {
  name: string
  value: number
  unit: string
  /** What the issue asks for, where it asks. */
  goal?: string
}

/** Renders figures as a Markdown table whose columns line up. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [['figure', 'value', 'unit', 'goal'], ...rows.map(row => [row.name, toFigure(row.value), row.unit, row.goal ?? ''])]
  const widths = [0, 1, 2, 3].map(column => Math.max(3, ...cells.map(line => line[column]?.length ?? 0)))
  const toLine = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width, column) => column === 1 ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)).join('|')}|`
  return [toLine(cells[0] ?? []), rule, ...cells.slice(1).map(toLine)].join('\n')
}
