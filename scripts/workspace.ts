/** The work tree as the checks see it: every workspace with its package.json and its code files. Reads the disk, decides nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Manifest {
  name: string
  floor?: number
  exports?: string | Record<string, unknown>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** A code file: its path relative to its workspace, with slashes, and its TypeScript or JavaScript text. */
export interface CodeFile { path: string, text: string, lines: number }

export interface Workspace {
  /** Folder relative to the repository, with slashes: `packages/events`. */
  folder: string
  manifest: Manifest
  files: CodeFile[]
}

export const repository: string = path.join(import.meta.dirname, '..')

const skipped = new Set(['node_modules', 'dist', 'coverage', 'artifacts', 'out', 'public'])
const isCode = (name: string): boolean => /\.(ts|mts|js|mjs|vue)$/.test(name) && !name.endsWith('.d.ts')

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest

/** Every code file under a folder, generated and hidden folders left out. */
export const listFiles = (folder: string, under = ''): string[] =>
  readdirSync(path.join(folder, under), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(under, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) || entry.name.startsWith('.') ? [] : listFiles(folder, name)
    return isCode(entry.name) ? [name] : []
  })

/** A Vue component's code is its script blocks, on their own lines. */
const scriptOf = (name: string, text: string): string => name.endsWith('.vue')
  ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(match => match[1]).join('\n')
  : text

const readCode = (folder: string, name: string): CodeFile => {
  const text = readFileSync(path.join(folder, name), 'utf8')
  return { path: name, text: scriptOf(name, text), lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }
}

const expand = (root: string, pattern: string): string[] => {
  if (!pattern.endsWith('/*')) return [pattern]
  const group = pattern.slice(0, -2)
  return existsSync(path.join(root, group)) ? readdirSync(path.join(root, group)).map(name => `${group}/${name}`) : []
}

/** The workspaces the root package.json names, those without a package.json left out. */
export const readWorkspaces = (root: string = repository): Workspace[] => {
  const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
  return workspaces.flatMap(pattern => expand(root, pattern))
    .filter(folder => existsSync(path.join(root, folder, 'package.json')))
    .map((folder) => {
      const absolute = path.join(root, folder)
      return { folder, manifest: readManifest(absolute), files: listFiles(absolute).map(name => readCode(absolute, name)) }
    })
}
