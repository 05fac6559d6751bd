/** Code blocks of the documentation, by language, with the reason of those that are not run. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One block. */
export interface CodeBlock {
  /** Page and line. */
  at: string
  language: string
  text: string
  /** What `<!-- not run: … -->` above it says. */
  notRun?: string
}

const root = join(import.meta.dirname, '..')

/** All of README, the guide and the pages that developers read. */
export function readBlocks(): CodeBlock[] {
  return globSync(['README.md', 'CONTRIBUTING.md', 'deploy/README.md', 'docs/guide/*.md'], { cwd: root }).toSorted().flatMap(page => blocksOf(page, readFileSync(join(root, page), 'utf8')))
}

/** A page's blocks. */
export function blocksOf(page: string, text: string): CodeBlock[] {
  return [...text.matchAll(/(?:^<!-- not run: (?<reason>[^\n]+) -->\n+)?^```(?<language>\S*)\n(?<text>.*?)^```$/gms)].map(({ groups = {}, index }) => ({
    at: `${page}:${text.slice(0, index).split('\n').length}`, language: groups['language'] ?? '', text: groups['text'] ?? '',
    ...groups['reason'] !== undefined && { notRun: groups['reason'] },
  }))
}
