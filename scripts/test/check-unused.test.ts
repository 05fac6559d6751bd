import { describe, expect, it } from 'vitest'
import { findUnused } from '../check-unused.ts'

const unusedOf = (files: Record<string, string>, dependencies: Record<string, string> = {}): string[] =>
  findUnused({ folder: 'p', manifest: { name: 'p', dependencies }, files: Object.entries(files).map(([path, text]) => ({ path, text, lines: 1 })) })

describe('check-unused', () => {
  it('passes what the door, another file or a test imports', () => {
    expect(unusedOf({
      'src/index.ts': 'export { a } from \'./a.ts\'',
      'src/a.ts': 'import { b as c } from \'./b.ts\'\nexport const a = c\nexport const seen = 1',
      'src/b.ts': 'export const b = 1',
      'test/a.test.ts': 'import { seen } from \'../src/a.ts\'',
    })).toEqual([])
  })

  it('finds an export that no other file imports, types left out', () => {
    expect(unusedOf({
      'src/index.ts': 'export { a } from \'./a.ts\'',
      'src/a.ts': 'export const a = 1\nexport function b(): void {}\nexport type C = 1',
      'src/b.ts': '',
    })).toEqual(['p/src/b.ts: nothing reaches it', 'p/src/a.ts: b is exported and imported nowhere'])
  })

  it('takes everything of a module that is imported as a whole', () => {
    expect(unusedOf({ 'src/index.ts': 'await import(\'./a.ts\')', 'src/a.ts': 'export const a = 1' })).toEqual([])
  })

  it('finds a dependency that nothing imports', () => {
    const files = { 'src/index.ts': 'import \'used/sub\'' }
    expect(unusedOf(files, { used: '1', idle: '1' })).toEqual(['p/package.json: idle is declared and imported nowhere'])
  })
})
