/** What files import, and the circles and floors of the graph they make. Pure but for TypeScript's scanner. */
import path from 'node:path'
import ts from 'typescript'
import type { CodeFile } from './workspace.ts'

export type Graph = Map<string, Set<string>>

/** Every module a file names: imports, re-exports, `import()` and type imports alike. */
export const specifiersOf = (file: CodeFile): string[] =>
  ts.preProcessFile(file.text, true, true).importedFiles.map(imported => imported.fileName)

/** The path a relative import means inside the workspace; `..` in front where it leaves it. */
export const resolveRelative = (from: string, specifier: string): string =>
  path.posix.join(path.posix.dirname(from), specifier)

/** Relative imports between the files of one workspace. */
export const fileGraph = (files: CodeFile[]): Graph => {
  const known = new Set(files.map(file => file.path))
  const targets = (file: CodeFile): string[] => specifiersOf(file)
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => resolveRelative(file.path, specifier))
    .map(target => [target, `${target}.ts`, `${target}.vue`].find(name => known.has(name)) ?? '')
    .filter(target => target !== '')
  return new Map(files.map(file => [file.path, new Set(targets(file))]))
}

/** One circle of the graph as the names it passes, first one repeated at the end; undefined without one. */
export const findCycle = (graph: Graph): string[] | undefined => {
  const done = new Set<string>()
  const visit = (name: string, trail: string[]): string[] | undefined => {
    const seenAt = trail.indexOf(name)
    if (seenAt >= 0) return [...trail.slice(seenAt), name]
    if (done.has(name)) return undefined
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next, [...trail, name])
      if (cycle) return cycle
    }
    done.add(name)
    return undefined
  }
  for (const name of graph.keys()) {
    const cycle = visit(name, [])
    if (cycle) return cycle
  }
  return undefined
}

/** The longest import chain that starts at each file; the graph has no circle. Floor 1 imports nothing local. */
export const fileFloors = (graph: Graph): Map<string, number> => {
  const floors = new Map<string, number>()
  const floorOf = (name: string): number => {
    const known = floors.get(name)
    if (known !== undefined) return known
    floors.set(name, 1)
    const floor = 1 + Math.max(0, ...[...graph.get(name) ?? []].map(floorOf))
    floors.set(name, floor)
    return floor
  }
  for (const name of graph.keys()) floorOf(name)
  return floors
}
