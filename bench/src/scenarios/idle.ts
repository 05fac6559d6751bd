/** What the platform holds in memory when nobody is there. */

import { setTimeout as sleep } from 'node:timers/promises'
import { startServer, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import { readCpuSeconds, readRssMiB } from '../usage.ts'

export const idle: Scenario = {
  doc: 'resident memory and CPU of an idle platform with its demo tenants',
  run: async context => {
    await using platform = await startServer(context)
    await sleep(5_000)
    const cpuBefore = await readCpuSeconds(platform.pid)
    const samples: number[] = []
    for (let second = 0; second < context.seconds; second++) {
      await sleep(1_000)
      samples.push(await readRssMiB(platform.pid))
    }
    return { rows: [
      { name: 'resident memory, median', value: summarise(samples).p50, unit: 'MiB' },
      { name: 'CPU', value: (await readCpuSeconds(platform.pid) - cpuBefore) / context.seconds * 100, unit: '% of a core' },
    ] }
  },
}
