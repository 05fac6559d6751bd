/**
 * Which files of `tests` are said of the scale-out column as well, by their names without `.test.ts`. What stands in `tests/cluster` is
 * about that column alone.
 */

/** Run in CI: what crosses parts that one process does not have. */
export const inCi: readonly string[] = ['authorization/authorization', 'crash', 'e2e/story', 'idempotency', 'isolation', 'metrics-joins', 'skew/skew']

/** Run among the long tests (`NEO_LONG=1`): they take long there, or `cluster/` says in CI what of them is at stake. */
export const inLongRuns: readonly string[] = [
  'bad-input', 'billing-counters', 'contract-documents', 'feed-interleavings', 'log-follow', 'official-client', 'revocation', 'two-world',
  ...['admin', 'alerts', 'billing', 'containers', 'exam', 'history', 'log', 'metrics', 'metrics-heap', 'portal', 'presence', 'sign-in', 'stories-admin', 'stories-certification', 'stories-tenant'].map(name => `e2e/${name}`),
]

/** Not run there, and why. `deploy/README.md` says so too. */
export const leftOut: Readonly<Record<string, string>> = {
  'code-blocks': 'runs the commands that README and guide show for `npm start`',
  'e2e/kit': 'is the fixture that starts a process of the platform for a browser',
  'differential/differential': 'compares the embedded engine with Centrifugo itself',
  'kit/embedded': 'is the kit in this process; `cluster/kit` says the same of a cluster',
  'refusals': 'is about what one process does not start on: its data folder, its settings',
  'restore': 'restores a data folder; `cluster/delivery` restores the shared database while everything runs',
  'shutdown': 'ends the one process; `cluster/operating` ends each part under load',
  'start': 'is about what `npm start` says to a person',
}
