/**
 * Package floors fall along dependencies, imports go through declared doors, and no package imports in a circle.
 * Usage: node scripts/check-floors.ts
 */
import { isBuiltin } from 'node:module'
import { fileGraph, findCycle, resolveRelative, specifiersOf } from './imports.ts'
import { readManifest, readWorkspaces, repository } from './workspace.ts'
import type { CodeFile, Manifest, Workspace } from './workspace.ts'

const highest = 6

const allDependencies = (manifest: Manifest): string[] => [
  manifest.dependencies, manifest.devDependencies, manifest.peerDependencies, manifest.optionalDependencies,
].flatMap(group => Object.keys(group ?? {}))

/** Names a file outside `test/` may import: what is there when the package is used, not only when it is worked on. */
const runtimeDependencies = (manifest: Manifest): string[] => [
  manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies,
].flatMap(group => Object.keys(group ?? {}))

const packageOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
/** Tests, configuration, and the two workspaces that are nothing else may use the repository's own tools. */
const isTool = (folder: string, file: string): boolean =>
  ['tests', 'bench'].includes(folder) || /(^|\/)test\//.test(file) || /\.config\.(ts|js|mjs)$/.test(file)
const isVirtual = (specifier: string): boolean => /^([#~]|@\/|virtual:)/.test(specifier)

/** Floors are whole numbers and every workspace dependency stands on a lower one. */
export const findFloorProblems = (workspaces: Workspace[]): string[] => {
  const floors = new Map(workspaces.map(({ manifest }) => [manifest.name, manifest.floor]))
  return workspaces.flatMap(({ folder, manifest }) => {
    const { floor } = manifest
    if (floor === undefined || !Number.isInteger(floor) || floor < 1 || floor > highest) {
      return [`${folder}: package.json needs a "floor" from 1 to ${highest}`]
    }
    return allDependencies(manifest).filter(name => (floors.get(name) ?? 0) >= floor)
      .map(name => `${folder}: floor ${floor} depends on ${name} of floor ${floors.get(name)}; floors must fall`)
  })
}

/** One problem per package that imports in a circle; type imports count. */
export const findCycleProblems = (workspaces: Workspace[]): string[] => workspaces.flatMap(({ folder, files }) => {
  const cycle = findCycle(fileGraph(files))
  return cycle ? [`${folder}: import cycle ${cycle.join(' → ')}`] : []
})

const exportsOf = (manifest: Manifest): string[] => {
  if (typeof manifest.exports === 'string') return [manifest.name]
  return Object.keys(manifest.exports ?? {}).map(door => manifest.name + door.slice(1))
}

interface Doors { open: Set<string>, workspaceNames: Set<string>, rootTools: Set<string> }

const importProblem = (workspace: Workspace, file: CodeFile, specifier: string, doors: Doors): string | undefined => {
  if (specifier.startsWith('.')) {
    return resolveRelative(file.path, specifier).startsWith('..') ? 'leaves its package by a path; import the package by its name' : undefined
  }
  if (isBuiltin(specifier) || isVirtual(specifier)) return undefined
  const name = packageOf(specifier)
  if (doors.workspaceNames.has(name) && !doors.open.has(specifier)) return `goes past the exports of ${name}`
  if (name === workspace.manifest.name || runtimeDependencies(workspace.manifest).includes(name)) return undefined
  if (isTool(workspace.folder, file.path) && (allDependencies(workspace.manifest).includes(name) || doors.rootTools.has(name))) return undefined
  return isTypesOnly(workspace, name) ? undefined : `is not declared in ${workspace.folder}/package.json`
}

/** `import type … from 'ws'` is served by `@types/ws` among the development dependencies. */
const isTypesOnly = ({ manifest }: Workspace, name: string): boolean =>
  Object.hasOwn(manifest.devDependencies ?? {}, `@types/${name}`)

/** Imports that are not declared, that go past a package's exports, or that reach another package by a path. */
export const findImportProblems = (workspaces: Workspace[], rootTools: string[]): string[] => {
  const doors: Doors = {
    open: new Set(workspaces.flatMap(({ manifest }) => exportsOf(manifest))),
    workspaceNames: new Set(workspaces.map(({ manifest }) => manifest.name)),
    rootTools: new Set(rootTools),
  }
  return workspaces.flatMap(workspace => workspace.files.flatMap(file => [...new Set(specifiersOf(file))].flatMap((specifier) => {
    const problem = importProblem(workspace, file, specifier, doors)
    return problem ? [`${workspace.folder}/${file.path}: '${specifier}' ${problem}`] : []
  })))
}

/** All three checks over a repository; an empty list is a pass. */
export const checkFloors = (root: string = repository): string[] => {
  const workspaces = readWorkspaces(root)
  return [
    ...findFloorProblems(workspaces),
    ...findCycleProblems(workspaces),
    ...findImportProblems(workspaces, allDependencies(readManifest(root))),
  ]
}

if (import.meta.main) {
  const problems = checkFloors()
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
