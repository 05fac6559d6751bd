import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { expected } from '../../tests/authorization/expected.ts'
import { lengths, toVariables } from '../lengths.ts'
import { repository } from '../workspace.ts'

const read = (file: string): string => readFileSync(path.join(repository, file), 'utf8')
const rows = Object.entries(lengths).map(([name, length]) => ({ name, ...length }))

describe('the lengths of tests', () => {
  it('are those of CI, the full ones with NEO_LONG=1, and what was set by hand stays', () => {
    expect(toVariables({})).toEqual(Object.fromEntries(rows.map(({ name, ci }) => [name, String(ci)])))
    expect(toVariables({ NEO_LONG: '1', NEO_PROBES: '7' })).toEqual({ ...Object.fromEntries(rows.map(({ name, long }) => [name, String(long)])), NEO_PROBES: '7' })
  })

  it.each(rows)('$name is given to the process of a test, is longer in the long run, and is read by its file, which falls back to that of CI', ({ name, ci, long, file }) => {
    expect(Number(process.env[name])).toBeGreaterThan(0)
    expect(long).toBeGreaterThan(ci)
    const fallback = new RegExp(`process\\.env(?:\\.|\\[')${name}(?:'\\])? \\?\\? ([\\d_]+)\\)`).exec(read(file))?.[1]
    expect(Number(fallback?.replaceAll('_', ''))).toBe(ci)
  })

  it('stand in the table alone: no test asks for NEO_LONG itself', () => {
    const tests = globSync(['{packages,services,portals}/*/test/**/*.ts', '{tests,bench,deploy}/**/*.test.ts'], { cwd: repository, exclude: name => name === 'node_modules' })
    expect(tests.length).toBeGreaterThan(100)
    expect(tests.filter(file => read(file).includes('NEO_LONG'))).toEqual([])
  })

  it('are in the long run all kinds of channel where kinds are counted', () => {
    expect(lengths['NEO_CLUSTER_KINDS']?.long).toBe(Object.keys(expected).length)
  })

  it('stand in CONTRIBUTING.md as they are', () => {
    const text = read('CONTRIBUTING.md')
    const format = (count: number): string => count.toLocaleString('en')
    for (const { name, ci, long, what } of rows) expect(text).toContain(`| \`${name}\` | ${what} | ${format(ci)} | ${format(long)} |\n`)
  })
})
