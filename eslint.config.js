/**
 * What the compiler does not say: habits, hard stops of size, and boundaries with their reasons (scripts/eslint/zones.ts).
 * Import cycles and package floors are scripts/check-floors.ts's, medians scripts/check-budgets.ts's.
 */
import { createConfigForNuxt } from '@nuxt/eslint-config/flat'
import tseslint from 'typescript-eslint'
import { boundaries } from './scripts/eslint/boundaries.ts'
import { oneHandle } from './scripts/eslint/one-handle.ts'
import { zones } from './scripts/eslint/zones.ts'

const root = import.meta.dirname
const code = ['**/*.ts', '**/*.mjs', '**/*.js', '**/*.vue']
const tests = ['**/test/**', 'tests/**', 'bench/**']
const nuxt = ['portals/**/*.{ts,vue}', 'packages/nuxt/**/*.{ts,vue}']
const loaded = ['**/*.config.{ts,js,mjs}', '**/*.vue', 'packages/nuxt/src/module.ts', 'packages/nuxt/src/runtime/plugins/**', 'portals/**']

/** Only these read the environment; everything else gets a typed, frozen config. */
const environment = ['**/main.ts', '**/config.ts', '**/*.config.ts', 'scripts/**', ...tests]
const isomorphic = ['packages/events/src/**/*.ts', 'packages/client/src/**/*.ts']

/** Names that browser and Node both have, and their types. */
const shared = [
  'AbortController', 'AbortSignal', 'Blob', 'BroadcastChannel', 'DOMException', 'Event', 'EventTarget', 'FormData', 'Headers', 'MessageChannel',
  'ReadableStream', 'Request', 'RequestInit', 'Response', 'ResponseInit', 'HeadersInit', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams',
  'WebSocket', 'atob', 'btoa', 'clearInterval', 'clearTimeout', 'crypto', 'fetch', 'globalThis', 'performance', 'queueMicrotask',
  'setInterval', 'setTimeout', 'structuredClone',
]

const nuxtConfigs = await createConfigForNuxt({
  features: { standalone: true, stylistic: false, tooling: false, import: false },
  dirs: { src: ['portals/base/app', 'portals/tenant/app', 'portals/admin/app', 'portals/certification/app'] },
}).toConfigs()

/** Nuxt's rules hold for Nuxt's folders only. */
const confine = config => ({ ...config, files: !config.files || config.files.includes('**/*.ts') ? nuxt : config.files })

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/.nuxt/**', '**/.output/**', '**/.data/**', '**/coverage/**', 'bench/out/**', 'tests/artifacts/**'] },

  ...nuxtConfigs.filter(config => config.rules ?? config.plugins).map(confine),

  {
    name: 'neo/habits',
    files: code,
    plugins: { '@typescript-eslint': tseslint.plugin, 'neo': { rules: { boundaries, 'one-handle': oneHandle } } },
    languageOptions: { parserOptions: { ecmaVersion: 'latest', sourceType: 'module' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
      'no-constant-condition': ['error', { checkLoops: 'allExceptWhileTrue' }],
      'no-else-return': 'error',
      'no-param-reassign': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }],
      'no-restricted-properties': ['error', {
        object: 'process', property: 'env', message: 'Only main.ts and config.ts read the environment: take the typed config.',
      }],
      'no-unused-expressions': 'error',
      'no-var': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'start' }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 60 }],
      'max-params': ['error', { max: 4 }],
      'neo/boundaries': ['error', { zones, root }],
      'neo/one-handle': 'error',
    },
  },

  {
    name: 'neo/typescript',
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, 'ts-nocheck': true }],
      '@typescript-eslint/consistent-type-imports': ['error', { prefer: 'type-imports', fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }],
    },
  },
  { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },

  {
    name: 'neo/type-aware',
    files: ['**/*.ts'],
    ignores: ['portals/**', 'packages/nuxt/**'],
    languageOptions: { parserOptions: { project: 'scripts/eslint/tsconfig.json', tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'describe'] }] }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },

  { name: 'neo/loaded-by-default-export', files: loaded, rules: { 'no-restricted-exports': 'off' } },
  { name: 'neo/environment', files: environment, rules: { 'no-restricted-properties': 'off' } },
  {
    name: 'neo/tests',
    files: tests,
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off', 'no-unused-expressions': 'off' },
  },
  {
    name: 'neo/isomorphic',
    files: isomorphic,
    languageOptions: { globals: Object.fromEntries(shared.map(name => [name, 'readonly'])) },
    rules: { 'no-undef': 'error' },
  },
  {
    name: 'neo/components',
    files: ['portals/**/*.vue', 'packages/nuxt/**/*.vue'],
    rules: {
      'no-restricted-globals': ['error', ...['WebSocket', 'EventSource', 'XMLHttpRequest', 'localStorage'].map(name => ({
        name, message: 'A component opens no socket and stores no token: use a composable over the client.',
      }))],
      'vue/multi-word-component-names': 'off',
      // The compiler knows which properties may be absent and of what type a default is.
      'vue/require-default-prop': 'off',
      'vue/require-valid-default-prop': 'off',
    },
  },
)
