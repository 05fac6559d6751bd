/**
 * A writer that ends itself with SIGKILL: at the n-th time a stage is reached, or after some milliseconds. Says on stdout, at once and
 * line by line, what it sends and what was acknowledged. Arguments: folder, plan as JSON.
 */

import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { channelOf, type Published } from '@neo-stack/events'
import { openPglite } from '../src/database/pglite.ts'
import { createWritePath } from '../src/publish/write-path.ts'
import type { Plan } from './kill.test.ts'

const [folder = '', json = '{}'] = process.argv.slice(2)
const { stage, times = 1, afterMs, again, round } = JSON.parse(json) as Plan
const say = (line: unknown): void => { writeSync(1, `${JSON.stringify(line)}\n`) }
const end = (): void => { process.kill(process.pid, 'SIGKILL') }

// What ends so leaves nothing to the next one that it did not write before.
flushCompileCache()
const database = await openPglite({ dataDir: folder })
let left = times
const writePath = createWritePath({
  database, projections: new Map(), realtime: { deliver: () => Promise.resolve() },
  onStage: reached => { if (reached === stage && --left === 0) end() },
})
const channel = channelOf('alerts', { tenantId: 'acme' })

async function write(message: string): Promise<void> {
  say({ sent: message })
  const event = { channel, type: 'alert' as const, data: { severity: 'info', message }, actor: { type: 'system' as const, id: 'kill' } }
  const [published] = await writePath.write({ tenantId: 'acme', events: [event], key: { scope: 's', key: message, bodyHash: message } }) as Published[]
  say({ acked: message, seq: published?.seq, id: published?.id })
}

if (afterMs !== undefined) setTimeout(end, afterMs)
await Promise.all(again.map(write))
const loop = async (writer: number): Promise<void> => {
  for (let count = 0; ; count++) await write(`${round}-${writer}-${count}`)
}
await Promise.all([0, 1, 2, 3].map(loop))
