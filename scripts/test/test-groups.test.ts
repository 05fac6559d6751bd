import { globSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { askedGroup, testGroups, testsOf } from '../test-groups.ts'

const root = path.join(import.meta.dirname, '../..')
const glob = (pattern: string, folder = root): string[] => globSync(pattern, { cwd: folder, exclude: ['**/node_modules/**'] }).sort()

describe('groups of tests', () => {
  it('name every vitest project', () => {
    const configs = glob('{packages/*,services/*,portals/*,tests,bench,scripts,deploy}/vitest*.config.ts')
    expect([...new Set(Object.values(testGroups).flatMap(group => group.configs))].sort()).toEqual(configs)
  })

  it('name each project but `tests` once', () => {
    const all = Object.values(testGroups).flatMap(group => group.configs).filter(config => config !== 'tests/vitest.config.ts')
    expect(all.toSorted()).toEqual([...new Set(all)].sort())
  })

  it('share out the files of `tests`: each is in one of them', () => {
    const folder = path.join(root, 'tests')
    const taken = Object.values(testGroups).flatMap(group => {
      const { include, exclude } = testsOf(group)
      const left = exclude.flatMap(pattern => glob(pattern, folder))
      return include.flatMap(pattern => glob(pattern, folder)).filter(file => !left.includes(file))
    })
    expect(taken.toSorted()).toEqual(glob('**/*.test.ts', folder))
  })

  it('take no name that is none, and everything where none is asked for', () => {
    expect(() => askedGroup({ NEO_TEST_GROUP: 'constructor' })).toThrow(/there are browser, faults/)
    expect(testsOf(askedGroup({}))).toEqual({ include: ['**/*.test.ts'], exclude: [] })
  })
})
