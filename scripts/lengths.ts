/**
 * How much the tests of long runs do: `ci` in CI and while working, `long` with `NEO_LONG=1` (`npm run test:long`). The repository's
 * `vitest.config.ts` gives each to the tests as the variable it is named by; one that is set by hand stays as it is.
 */

/** A length and what it is of. */
export interface Length {
  ci: number
  long: number
  /** The test file that reads it. */
  file: string
  what: string
}

/** By the name of the variable. */
export const lengths: Readonly<Record<string, Length>> = {
  FUZZ_INPUTS: { ci: 60_000, long: 2_000_000, file: 'packages/engine/test/fuzz.test.ts', what: 'mutated frames and bodies for each of the engine\'s readers' },
  NEO_ENGINE_MODEL_COMMANDS: { ci: 5_000, long: 100_000, file: 'packages/engine/test/session-model.test.ts', what: 'commands of the engine\'s sessions against their model' },
  NEO_PROBES: { ci: 20_000, long: 100_000, file: 'services/event-service/test/probes.test.ts', what: 'random requests of one tenant for what is another\'s' },
  NEO_TOKEN_MUTANTS: { ci: 50_000, long: 1_000_000, file: 'services/event-service/test/token-matrix.test.ts', what: 'changed access tokens' },
  NEO_PRESENCE_TRACES: { ci: 20_000, long: 200_000, file: 'services/event-service/test/presence-model.test.ts', what: 'simulated days of presence against an oracle' },
  NEO_INTERLEAVINGS: { ci: 50, long: 1_000, file: 'tests/feed-interleavings.test.ts', what: 'random interleavings of publishing, faults and reconnects' },
  NEO_METRICS_RUNS: { ci: 15, long: 150, file: 'tests/metrics-joins.test.ts', what: 'random interleavings of snapshots and live samples' },
  NEO_HEAP_SECONDS: { ci: 10, long: 3_600, file: 'tests/e2e/metrics-heap.test.ts', what: 'seconds of ten samples each that a page of figures is given' },
  NEO_COUNTER_ACTS: { ci: 10_000, long: 100_000, file: 'tests/billing-counters.test.ts', what: 'acts of four devices on an inbox before the recount' },
  NEO_LOG_LINES: { ci: 200_000, long: 1_000_000, file: 'tests/log-follow.test.ts', what: 'lines of a log followed through cuts and a restart' },
  NEO_CLUSTER_KINDS: { ci: 6, long: 21, file: 'tests/authorization/authorization.test.ts', what: 'kinds of channel whose rows of the authorization matrix are said of a cluster' },
  NEO_FAULT_SECONDS: { ci: 20, long: 60, file: 'tests/cluster/faults.test.ts', what: 'seconds that each part of a cluster is paused' },
}

/** The variables for an environment; what it has is kept. */
export function toVariables(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const which = environment['NEO_LONG'] === '1' ? 'long' : 'ci'
  return Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, environment[name] ?? String(length[which])]))
}
