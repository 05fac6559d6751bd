/**
 * The groups in which CI runs the tests, each with minutes of its own: `NEO_TEST_GROUP=browser npm test` takes one of them, without
 * the variable every test runs. A test file of a project is in exactly one of them.
 */

/** One of them. */
export interface TestGroup {
  /** Configurations of its vitest projects. */
  configs: readonly string[]
  /** Which files of the folder `tests`; `the others` are those that no other group names. */
  tests: readonly string[] | 'the others'
}

const named = (names: readonly string[]): string[] => names.map(name => `${name}.test.ts`)

/** By name. */
export const testGroups: Readonly<Record<string, TestGroup>> = {
  'browser': { configs: ['tests/vitest.config.ts'], tests: ['e2e/*.test.ts'] },
  'faults': {
    configs: ['tests/vitest.config.ts'],
    tests: named(['cluster/faults', 'crash', 'feed-interleavings', 'log-follow', 'restore', 'revocation', 'shutdown']),
  },
  'scale-out': {
    configs: ['tests/vitest.config.ts', 'tests/vitest.cluster.config.ts', 'services/event-service/vitest.postgres.config.ts', 'deploy/vitest.config.ts'],
    tests: named(['cluster/delivery', 'cluster/installation', 'cluster/kit', 'cluster/operating']),
  },
  'embedded': {
    configs: ['tests/vitest.config.ts', ...['services/event-service', 'services/platform'].map(folder => `${folder}/vitest.config.ts`)],
    tests: 'the others',
  },
  'rest': {
    configs: ['packages/client', 'packages/engine', 'packages/events', 'packages/nuxt', 'packages/testing', 'portals/admin', 'portals/base', 'portals/certification', 'portals/tenant', 'services/stack-deployer', 'bench', 'scripts'].map(folder => `${folder}/vitest.config.ts`),
    tests: [],
  },
}

/** The group that the environment asks for. @throws {Error} for one that is none */
export function askedGroup({ NEO_TEST_GROUP: name }: Readonly<Record<string, string | undefined>>): TestGroup | undefined {
  if (name === undefined) return undefined
  const group = Object.hasOwn(testGroups, name) ? testGroups[name] : undefined
  if (!group) throw new Error(`NEO_TEST_GROUP is '${name}'; there are ${Object.keys(testGroups).join(', ')}`)
  return group
}

/** Patterns of the files of `tests` that a group takes and leaves. */
export function testsOf(group: TestGroup | undefined): { include: string[], exclude: string[] } {
  if (!group) return { include: ['**/*.test.ts'], exclude: [] }
  if (group.tests !== 'the others') return { include: [...group.tests], exclude: [] }
  return { include: ['**/*.test.ts'], exclude: Object.values(testGroups).flatMap(({ tests }) => tests === 'the others' ? [] : [...tests]) }
}
