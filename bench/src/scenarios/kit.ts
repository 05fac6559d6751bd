/** What a platform costs in a test: the first one of a process and the later ones. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onEveryCore } from '../machine.ts'
import { root, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'

const PLATFORMS = 10

/** The scenario `kit`. */
export const kit: Scenario = { cores: '0,1', doc: `createTestPlatform(): the first of a process, and ${PLATFORMS - 1} after it`, run }

async function run({ runs }: BenchContext): Promise<Measured> {
  const start = async (): Promise<{ started: number, stopped: number }[]> => {
    // What Node compiled is kept from one process to the next, as `npm test` has it.
    const env = { NODE_COMPILE_CACHE: `${root}node_modules/.cache/compile`, ...process.env }
    // Nobody loads it from the other core: it has both, as a test has.
    const { stdout } = await onEveryCore(() => promisify(execFile)(process.execPath, [`${root}bench/server/kit.ts`, String(PLATFORMS)], { env }))
    return JSON.parse(stdout) as { started: number, stopped: number }[]
  }
  // Makes the image where there is none of these sources yet.
  await start()
  const processes = []
  for (let count = 0; count < runs; count++) processes.push(await start())
  const median = (values: readonly number[]): number => summarise(values).p50
  const later = processes.flatMap(times => times.slice(1))
  return {
    rows: [
      { name: 'the first of a process, from the kept image', value: median(processes.map(([first]) => first?.started ?? Number.NaN)), unit: 'ms', goal: '≤ 800' },
      { name: 'each after it', value: median(later.map(({ started }) => started)), unit: 'ms', goal: '≤ 100' },
      { name: 'stop', value: median(processes.flat().map(({ stopped }) => stopped)), unit: 'ms' },
    ],
  }
}
