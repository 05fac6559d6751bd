import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { inCi, inLongRuns, leftOut } from '../../tests/cluster/column-files.ts'
import { repository } from '../workspace.ts'

const folder = path.join(repository, 'tests')
const files = globSync('**/*.test.ts', { cwd: folder, exclude: ['**/node_modules/**'] }).map(file => file.replace(/\.test\.ts$/, '')).filter(file => !file.startsWith('cluster/')).sort()
const named = [...inCi, ...inLongRuns, ...Object.keys(leftOut)]

describe('the scale-out column', () => {
  it('takes each file of `tests` in CI or in the long run, or leaves it out for a reason', () => {
    expect(named.toSorted()).toEqual(files)
  })

  it('takes only what asks for the platform of its column', () => {
    const standsOnColumn = (name: string): boolean => /from '\.{1,2}\/(?:column|stage|stories)\.ts'/.test(readFileSync(path.join(folder, `${name}.test.ts`), 'utf8'))
    expect([...inCi, ...inLongRuns].filter(name => !standsOnColumn(name))).toEqual([])
  })

  it('leaves out what deploy/README.md says it does, for the same reasons', () => {
    const text = readFileSync(path.join(repository, 'deploy/README.md'), 'utf8')
    const rows = [...text.matchAll(/^\| `tests\/(.+)` \| (.+) \|$/gm)].map(([, name = '', why = '']) => [name, why])
    expect(rows).toEqual(Object.entries(leftOut))
  })
})
