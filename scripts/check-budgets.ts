/**
 * Sizes that keep the code readable: hard stops fail, medians are a report. A file that is one table (types, codes, SQL) may be
 * longer; it says so with an eslint-disable of max-lines and its reason.
 * Usage: node scripts/check-budgets.ts
 */
import path from 'node:path'
import { fileFloors } from './imports.ts'
import type { Graph } from './imports.ts'
import { measureFile } from './source-measures.ts'
import type { FileMeasure } from './source-measures.ts'
import { readWorkspaces } from './workspace.ts'
import type { CodeFile, Workspace } from './workspace.ts'

/** Tables of schemas export a schema and its type per row: they are read row by row (STYLE: tables are exempt). */
const isSchemaTable = (path: string): boolean => /^src\/(api|catalog)\//.test(path)

const stops = { fileLines: 500, functionLines: 60, parameters: 4, exports: 12, fileFloors: 7, nonNullsPer1000: 1 }
/** What a file passes on or a loader asks for: neither is read for its exports. */
const doors = new Set(['src/index.ts', 'src/module.ts'])

const isTest = (file: CodeFile): boolean => /(^|\/)test\//.test(file.path)
const isSource = (file: CodeFile): boolean => /^(src|app|server|shared|bin)\//.test(file.path) && !isTest(file)
const isTable = (file: CodeFile): boolean => /eslint-disable max-lines --/.test(file.text)

export interface Budgeted { folder: string, measures: FileMeasure[], tables: Set<string> }

const fileProblems = (file: FileMeasure, isTableFile: boolean): string[] => [
  file.lines > stops.fileLines && !isTableFile && `${file.lines} lines; split it (≤ ${stops.fileLines})`,
  file.exports > stops.exports && !doors.has(file.path) && !isSchemaTable(file.path) && `${file.exports} exports (≤ ${stops.exports})`,
  file.isBarrel && !doors.has(file.path) && 'only passes on what others export; import those',
  file.anyTypes > 0 && `${file.anyTypes} × any; parse unknown instead`,
  file.enums > 0 && 'an enum; use a union or an as-const table',
  file.ignores > 0 && '@ts-ignore; use @ts-expect-error with a reason',
  file.todos > 0 && 'TODO; file an issue instead',
  ...file.functions.map(({ name, line, lines }) =>
    lines > stops.functionLines && `line ${line}: ${name} has ${lines} lines (≤ ${stops.functionLines})`),
  ...file.functions.map(({ name, line, parameters }) =>
    parameters > stops.parameters && `line ${line}: ${name} has ${parameters} parameters; take an options object`),
].filter(problem => problem !== false)

const valueGraph = (measures: FileMeasure[]): Graph => {
  const known = new Set(measures.map(file => file.path))
  return new Map(measures.map(file => [file.path, new Set(file.valueImports
    .filter(name => name.startsWith('.'))
    .map(name => path.posix.join(path.posix.dirname(file.path), name))
    .filter(name => known.has(name)))]))
}

const floorProblems = (measures: FileMeasure[]): string[] => [...fileFloors(valueGraph(measures))]
  .filter(([, floor]) => floor > stops.fileFloors)
  .map(([name, floor]) => `${name}: stands on floor ${floor} of its package (≤ ${stops.fileFloors})`)

const nonNullProblems = ({ measures }: Budgeted): string[] => {
  const used = measures.reduce((sum, file) => sum + file.nonNulls, 0)
  const allowed = Math.ceil(measures.reduce((sum, file) => sum + file.lines, 0) / 1000) * stops.nonNullsPer1000
  return used > allowed ? [`${used} × non-null '!' (≤ ${allowed})`] : []
}

/** Every hard stop one workspace breaks. */
export const findBudgetProblems = (budgeted: Budgeted): string[] => [
  ...budgeted.measures.flatMap(file => fileProblems(file, budgeted.tables.has(file.path)).map(problem => `${file.path}: ${problem}`)),
  ...floorProblems(budgeted.measures),
  ...nonNullProblems(budgeted),
].map(problem => `${budgeted.folder}/${problem}`)

export const toBudgeted = ({ folder, files }: Workspace): Budgeted => {
  const sources = files.filter(isSource)
  return { folder, measures: sources.map(measureFile), tables: new Set(sources.filter(isTable).map(file => file.path)) }
}

const quantile = (values: number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? 0

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

const reportRow = (workspace: Workspace, { measures }: Budgeted): Record<string, number | string> => {
  const lines = measures.map(file => file.lines)
  const functions = measures.flatMap(file => file.functions.map(measured => measured.lines))
  const testLines = sum(workspace.files.filter(isTest).map(file => file.lines))
  return {
    'files': lines.length,
    'lines': sum(lines),
    'file med/p90': `${quantile(lines, 0.5)}/${quantile(lines, 0.9)}`,
    'fn med/p90': `${quantile(functions, 0.5)}/${quantile(functions, 0.9)}`,
    'exports med': quantile(measures.map(file => file.exports), 0.5),
    'test÷src': lines.length > 0 ? Number((testLines / sum(lines)).toFixed(2)) : 0,
  }
}

if (import.meta.main) {
  const workspaces = readWorkspaces().filter(workspace => workspace.files.some(isSource))
  const all = workspaces.map(workspace => ({ workspace, budgeted: toBudgeted(workspace) }))
  console.table(Object.fromEntries(all.map(({ workspace, budgeted }) => [workspace.folder, reportRow(workspace, budgeted)])))
  const problems = all.flatMap(({ budgeted }) => findBudgetProblems(budgeted))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
