import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkFloors } from '../check-floors.ts'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

/** A repository of two packages: `low` on floor 1, `high` on floor 2 that depends on it. `files` come on top. */
const fixture = (files: Record<string, string> = {}): string => {
  const root = mkdtempSync(path.join(tmpdir(), 'floors-'))
  made.push(root)
  const manifest = (name: string, floor: number, dependencies: Record<string, string>): string =>
    JSON.stringify({ name: `@x/${name}`, floor, exports: { '.': './src/index.ts' }, dependencies })
  const all: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'root', workspaces: ['packages/*'], devDependencies: { vitest: '5' } }),
    'packages/low/package.json': manifest('low', 1, {}),
    'packages/low/src/index.ts': 'export const low = 1',
    'packages/high/package.json': manifest('high', 2, { '@x/low': '*' }),
    'packages/high/src/index.ts': 'export { low } from \'@x/low\'',
    'packages/high/test/high.test.ts': 'import { it } from \'vitest\'\nimport { low } from \'../src/index.ts\'',
    ...files,
  }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), text)
  }
  return root
}

describe('check-floors', () => {
  it('passes a repository whose floors fall and whose imports are declared', () => {
    expect(checkFloors(fixture())).toEqual([])
  })

  it('finds a dependency on the same or a higher floor, development ones included', () => {
    const upward = JSON.stringify({ name: '@x/low', floor: 1, devDependencies: { '@x/high': '*' } })
    expect(checkFloors(fixture({ 'packages/low/package.json': upward })).join()).toContain('floor 1 depends on @x/high of floor 2')
  })

  it('asks for a floor where there is none', () => {
    expect(checkFloors(fixture({ 'packages/low/package.json': '{"name":"@x/low"}' })).join()).toContain('needs a "floor"')
  })

  it('finds a circle that consists of type imports only', () => {
    const problems = checkFloors(fixture({
      'packages/low/src/a.ts': 'import type { B } from \'./b.ts\'\nexport type A = B',
      'packages/low/src/b.ts': 'export type B = import(\'./a.ts\').A',
    }))
    expect(problems).toEqual(['packages/low: import cycle src/a.ts → src/b.ts → src/a.ts'])
  })

  it('finds an import past a package\'s exports', () => {
    expect(checkFloors(fixture({ 'packages/high/src/deep.ts': 'import \'@x/low/src/secret.ts\'' })).join()).toContain('goes past the exports of @x/low')
  })

  it('finds an import that reaches another package by a path', () => {
    expect(checkFloors(fixture({ 'packages/high/src/deep.ts': 'import \'../../low/src/index.ts\'' })).join()).toContain('leaves its package')
  })

  it('finds a package that is imported and not declared, in a component as well', () => {
    const problems = checkFloors(fixture({ 'packages/low/src/a.vue': '<script setup lang="ts">\nimport { high } from \'@x/high\'\n</script>' }))
    expect(problems).toEqual(['packages/low/src/a.vue: \'@x/high\' is not declared in packages/low/package.json'])
  })

  it('lets tests and not sources use the repository\'s own tools', () => {
    expect(checkFloors(fixture({ 'packages/low/src/a.ts': 'import \'vitest\'' })).join()).toContain('is not declared')
    expect(checkFloors(fixture({ 'packages/low/test/a.test.ts': 'import \'vitest\'' }))).toEqual([])
  })
})
