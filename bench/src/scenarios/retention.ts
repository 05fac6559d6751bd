/** How long publishers wait while the log is trimmed. */

import { setTimeout as sleep } from 'node:timers/promises'
import { createEventService, seedDemo, type Database } from '@neo-stack/event-service'
import { fillAlerts, openGiven, silent } from '../log.ts'
import { WITH_THE_LOAD, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

/** Alerts are kept 400 days: seen from here all that was filled in is out of date. */
const LATER_MS = 400 * 86_400_000
const PAUSE_MS = 5

export const retention: Scenario = {
  cores: WITH_THE_LOAD,
  doc: 'publishes into a channel while all it had (--events) is out of date and taken; --database postgres://… measures PostgreSQL',
  run: async context => {
    const database = await openGiven(context)
    try {
      return await measure(database, context)
    } finally {
      await database.close()
    }
  },
}

async function measure(database: Database, { events, seconds, say }: BenchContext): Promise<Measured> {
  await seedDemo(database, { passwordCost: 4 })
  await fillAlerts(database, 'bench', events)
  await database.jobs.executeSql('vacuum analyze')
  say(`${events} events written`)
  const service = await createEventService({ database, realtime: silent, now: () => Date.now() + LATER_MS })
  try {
    const publish = service.publishAs({ type: 'system', id: 'bench' })
    const send = async (): Promise<number> => {
      const startedAt = performance.now()
      await publish({ channel: 'tenant:bench:alerts', type: 'alert', data: { severity: 'info', message: 'A message of usual length for the load.' } })
      return performance.now() - startedAt
    }
    const before = await sendUntil(send, sleep(seconds * 1000))
    const startedAt = performance.now()
    const during = await sendUntil(send, service.tidy())
    const took = (performance.now() - startedAt) / 1000
    return { rows: [
      ...toRows('publish', before), ...toRows('publish while the log is trimmed', during, '≤ 50'),
      { name: 'trimmed events', value: events / took, unit: '1/s' },
    ] }
  } finally {
    await service.close()
  }
}

/** Sends one after the other until something is over. */
async function sendUntil(send: () => Promise<number>, end: Promise<unknown>): Promise<number[]> {
  let isOver = false
  const over = end.finally(() => { isOver = true })
  const samples: number[] = []
  while (!isOver) {
    samples.push(await send())
    await sleep(PAUSE_MS)
  }
  await over
  return samples
}

function toRows(name: string, samples: readonly number[], goal?: string): Row[] {
  const { p50, p99 } = summarise(samples)
  return [
    { name: `${name}, p50`, value: p50, unit: 'ms' }, { name: `${name}, p99`, value: p99, unit: 'ms' },
    { name: `${name}, longest`, value: Math.max(...samples), unit: 'ms', ...goal !== undefined && { goal } },
  ]
}
