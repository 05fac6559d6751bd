/** Generated pages: written with --write, compared without. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { repository } from './workspace.ts'

const lineOfDifference = (kept: string, fresh: string): number => {
  const lines = fresh.split('\n')
  const at = kept.split('\n').findIndex((line, index) => line !== lines[index])
  return at < 0 ? kept.split('\n').length : at + 1
}

export interface PageOptions {
  /** Whether a page in the folder belongs to the generator: one it no longer makes is stale. */
  owned: (name: string) => boolean
  /** Write instead of compare. @default the command line has --write */
  write?: boolean
  /** @default this repository */
  root?: string
}

/** Differences between a folder and the pages that should stand in it; with `write` there are none afterwards. */
export const comparePages = (folder: string, pages: Map<string, string>, options: PageOptions): string[] => {
  const absolute = path.join(options.root ?? repository, folder)
  const there = existsSync(absolute) ? readdirSync(absolute).filter(name => name.endsWith('.md') && options.owned(name)) : []
  const stale = there.filter(name => !pages.has(name))
  if (options.write) {
    mkdirSync(absolute, { recursive: true })
    for (const [name, text] of pages) writeFileSync(path.join(absolute, name), text)
    for (const name of stale) rmSync(path.join(absolute, name))
    return []
  }
  const changed = [...pages].flatMap(([name, text]) => {
    if (!there.includes(name)) return [`${folder}/${name} is missing`]
    const kept = readFileSync(path.join(absolute, name), 'utf8')
    return kept === text ? [] : [`${folder}/${name} differs from the code from line ${lineOfDifference(kept, text)} on`]
  })
  return [...changed, ...stale.map(name => `${folder}/${name} describes nothing that exists`)]
}

/** The command line's end of {@link comparePages}: prints what differs and sets the exit code. */
export const keepPages = (folder: string, pages: Map<string, string>, options: PageOptions): void => {
  const problems = comparePages(folder, pages, { write: process.argv.includes('--write'), ...options })
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) return
  console.error('Read the difference and, where it is meant, write the pages anew: npm run check -- --write')
  process.exitCode = 1
}
