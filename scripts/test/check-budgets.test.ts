import { describe, expect, it } from 'vitest'
import { findBudgetProblems, toBudgeted } from '../check-budgets.ts'

/** Problems of one package with these sources, without the package's folder in front. */
const problemsOf = (files: Record<string, string>): string[] => {
  const code = Object.entries(files).map(([path, text]) => ({ path, text, lines: text.split('\n').length }))
  return findBudgetProblems(toBudgeted({ folder: 'p', manifest: { name: 'p' }, files: code }))
}
const repeat = (times: number, line: (n: number) => string): string => Array.from({ length: times }, (_, n) => line(n)).join('\n')

describe('check-budgets', () => {
  it('passes a small file', () => {
    expect(problemsOf({ 'src/a.ts': 'export const a = (b: number): number => b + 1' })).toEqual([])
  })

  it('stops a file of more than 500 lines, unless it says that it is a table', () => {
    const long = repeat(501, n => `const a${n} = ${n}`)
    expect(problemsOf({ 'src/a.ts': long })).toHaveLength(1)
    expect(problemsOf({ 'src/a.ts': `/* eslint-disable max-lines -- a table of codes */\n${long}` })).toEqual([])
  })

  it('stops a function of more than 60 lines and names it', () => {
    const problems = problemsOf({ 'src/a.ts': `export function slow(): void {\n${repeat(60, n => `  step(${n})`)}\n}` })
    expect(problems).toEqual(['p/src/a.ts: line 1: slow has 62 lines (≤ 60)'])
  })

  it('stops a fifth parameter without a reason on the line above', () => {
    const five = 'export function f(a: 1, b: 2, c: 3, d: 4, e: 5): void {}'
    expect(problemsOf({ 'src/a.ts': five })).toHaveLength(1)
    expect(problemsOf({ 'src/a.ts': `// eslint-disable-next-line max-params -- an agreed signature\n${five}` })).toEqual([])
  })

  it('stops a thirteenth export outside of the package\'s door', () => {
    const many = repeat(13, n => `export const a${n} = ${n}`)
    expect(problemsOf({ 'src/a.ts': many })).toHaveLength(1)
    expect(problemsOf({ 'src/index.ts': many })).toEqual([])
  })

  it('stops a barrel inside a package', () => {
    expect(problemsOf({ 'src/all.ts': 'export * from \'./a.ts\'', 'src/a.ts': 'const a = 1' }).join()).toContain('only passes on')
  })

  it.each([
    ['any', 'export const a = (b: any): void => b()'],
    ['an enum', 'enum A { B }'],
    ['@ts-ignore', '// @ts-ignore\nconst a: string = 1'],
    ['TODO', '// TODO later'],
    ['non-null', 'const a = b!\nconst c = d!'],
  ])('stops %s', (what, text) => {
    expect(problemsOf({ 'src/a.ts': text }).join()).toContain(what)
  })

  it('stops an eighth floor of value imports and does not count type imports', () => {
    const chain = (keyword: string): Record<string, string> => Object.fromEntries(Array.from({ length: 8 }, (_, n) =>
      [`src/f${n}.ts`, n === 7 ? 'const a = 1' : `${keyword} { x } from './f${n + 1}.ts'`]))
    expect(problemsOf(chain('import')).join()).toContain('floor 8')
    expect(problemsOf(chain('import type'))).toEqual([])
  })

  it('leaves tests alone', () => {
    expect(problemsOf({ 'test/a.test.ts': repeat(501, n => `const a${n}: any = ${n}`) })).toEqual([])
  })
})
