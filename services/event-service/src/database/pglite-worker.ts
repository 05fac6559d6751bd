/** The thread in which PGlite runs: answers what `pglite-thread.ts` asks, one after the other. */

import { parentPort, workerData } from 'node:worker_threads'
import { createPglite, type PgliteFolder } from './pglite-create.ts'
import { createStatements } from './pglite-statements.ts'

/** What is asked. */
export type Asked =
  | { act: 'query', text: string, parameters?: unknown[] }
  | { act: 'exec', text: string }
  | { act: 'listen' | 'unlisten', channel: string }
  | { act: 'open' | 'close' }

/** What is answered: errors keep what PostgreSQL said of them. */
export type Said = { result: unknown } | { error: { message: string } & Record<string, unknown> }

/** What is told unasked. */
export interface Told { channel: string, payload: string }

const opening = createPglite(workerData as PgliteFolder).then(pglite => ({ pglite, statements: createStatements(pglite) }))
// Whoever asks first is told.
opening.catch(() => undefined)

async function answer(asked: Asked): Promise<unknown> {
  const { pglite, statements } = await opening
  switch (asked.act) {
    case 'query': {
      const { rows, affectedRows, command } = await statements.query(asked.text, asked.parameters)
      return { rows, affectedRows, command }
    }
    case 'exec': return (await statements.exec(asked.text)).map(({ rows, affectedRows, command }) => ({ rows, affectedRows, command }))
    case 'listen': return void await pglite.listen(asked.channel, payload => { parentPort?.postMessage({ channel: asked.channel, payload } satisfies Told) })
    case 'unlisten': return pglite.unlisten(asked.channel)
    case 'close': return pglite.close()
    case 'open': return
  }
}

parentPort?.on('message', ([id, asked]: [number, Asked]) => {
  answer(asked).then(result => { parentPort?.postMessage([id, { result }]) }, (error: unknown) => {
    const { message, stack, ...rest } = error as Error & Record<string, unknown>
    const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)))
    parentPort?.postMessage([id, { error: { message: String(message), stack, ...plain } }])
  })
})
