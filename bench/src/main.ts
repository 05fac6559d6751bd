/**
 * Runs scenarios: `npm run bench -- publish fanout [--seconds 10]`, or `all`. Prints a table for each and writes
 * `bench/out/<scenario>.json`. Timings never fail anything; a scenario that cannot run here says what it needs.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { compareCommits, type Comparison } from './commits.ts'
import { pinGenerator, readMachine } from './machine.ts'
import type { BenchContext, Scenario } from './scenario.ts'
import { root } from './scenario.ts'
import { admin } from './scenarios/admin.ts'
import { billing } from './scenarios/billing.ts'
import { bundle } from './scenarios/bundle.ts'
import { cluster } from './scenarios/cluster.ts'
import { fanout } from './scenarios/fanout.ts'
import { idle } from './scenarios/idle.ts'
import { kit } from './scenarios/kit.ts'
import { logs } from './scenarios/logs.ts'
import { metrics } from './scenarios/metrics.ts'
import { pages } from './scenarios/pages.ts'
import { paint } from './scenarios/paint.ts'
import { presence } from './scenarios/presence.ts'
import { publish } from './scenarios/publish.ts'
import { realtimeConnect, realtimeHttp, realtimeIdle, realtimeReconnect } from './scenarios/realtime-connect.ts'
import { realtimeFanout, realtimeHot, realtimeRooms } from './scenarios/realtime-fanout.ts'
import { realtimeJitter } from './scenarios/realtime-jitter.ts'
import { realtimeSlow } from './scenarios/realtime-slow.ts'
import { retention } from './scenarios/retention.ts'
import { revocation } from './scenarios/revocation.ts'
import { search } from './scenarios/search.ts'
import { start } from './scenarios/start.ts'
import { formatTable, type Row } from './table.ts'

const scenarios: Record<string, Scenario> = {
  publish, search, fanout, paint, logs, pages, start, idle, bundle, presence, revocation, retention,
  billing, admin, metrics, cluster, kit,
  'realtime-fanout': realtimeFanout, 'realtime-rooms': realtimeRooms, 'realtime-hot': realtimeHot, 'realtime-http': realtimeHttp,
  'realtime-connect': realtimeConnect, 'realtime-reconnect': realtimeReconnect, 'realtime-idle': realtimeIdle, 'realtime-slow': realtimeSlow,
  'realtime-jitter': realtimeJitter,
}

/** Each figure says on which cores; nobody was held to any where `taskset` is missing. */
function withCores(rows: readonly Row[], { pinned }: BenchContext, { cores = '0' }: Scenario): Row[] {
  return rows.map(({ cores: own = cores, ...row }) => ({ ...row, ...pinned && own !== '' && { cores: own } }))
}

async function runScenario(name: string, scenario: Scenario, context: BenchContext): Promise<void> {
  console.log(`\n## ${name}: ${scenario.doc}\n`)
  const { rows: measured, notes = [] } = await scenario.run(context)
  const rows = withCores(measured, context, scenario)
  console.log([formatTable(rows), ...notes].join('\n'))
  await mkdir(`${root}bench/out`, { recursive: true })
  const result = { scenario: name, machine: readMachine(context.pinned), seconds: context.seconds, runs: context.runs, seed: context.seed, rows, notes }
  await writeFile(`${root}bench/out/${name}.json`, `${JSON.stringify(result, null, 2)}\n`)
}

function usage(): string {
  const width = Math.max(...Object.keys(scenarios).map(name => name.length))
  return [
    'npm run bench -- SCENARIO… | all  [--seconds 10] [--runs 3] [--seed 1] [--events 50000] [--database postgres://…] [--node=\'FLAGS\']',
    'npm run bench -- compare COMMIT COMMIT SCENARIO…  runs both in turn, in checkouts of their own, and sets the medians side by side', '',
    ...Object.entries(scenarios).map(([name, { doc }]) => `  ${name.padEnd(width)}  ${doc}`),
  ].join('\n')
}

/** @throws {Error} when a commit or a scenario is missing */
function toComparison([, before, after, ...names]: readonly string[], { runs, seconds, events, database }: Record<'runs' | 'seconds' | 'events', string> & { database?: string }): Comparison {
  if (before === undefined || after === undefined || names.length === 0) throw new Error('Name two commits and at least one scenario: npm run bench -- compare main~1 main publish')
  const flags = ['--runs', '1', '--seconds', seconds, '--events', events, ...database === undefined ? [] : ['--database', database]]
  return { commits: [before, after], scenarios: names, runs: Number(runs), flags, say: text => { console.log(text) } }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: {
    seconds: { type: 'string', default: '10' }, database: { type: 'string' }, events: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' }, node: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false },
  } })
  const names = positionals.includes('all') ? Object.keys(scenarios) : positionals
  const unknown = names.filter(name => !Object.hasOwn(scenarios, name))
  if (values.help) return void console.log(usage())
  if (positionals[0] === 'compare') return await compareCommits(toComparison(positionals, values))
  if (names.length === 0 || unknown.length > 0) {
    console.error(usage())
    process.exitCode = 1
    return
  }
  const context: BenchContext = {
    pinned: pinGenerator(), seconds: Number(values.seconds), events: Number(values.events), runs: Number(values.runs), seed: Number(values.seed),
    ...values.database !== undefined && { database: values.database }, ...values.node !== undefined && { nodeFlags: values.node.split(' ') },
    say: text => { console.log(text) },
  }
  if (!context.pinned) console.log('Server and generator share their cores here: taskset or a second core is missing.')
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (names.includes(name)) await runScenario(name, scenario, context)
  }
}

await main()
