/**
 * PGlite in a thread of its own: a statement that takes long keeps other statements waiting, never timers, sockets and requests.
 * It speaks as PGlite does, as far as Kysely and pg-boss ask.
 */

import { Worker } from 'node:worker_threads'
import type { PGliteInterface, Results } from '@electric-sql/pglite'
import type { Asked, Said, ThreadOptions } from './pglite-worker.ts'

/** What is used of PGlite. */
export type EmbeddedPostgres = Pick<PGliteInterface, 'query' | 'exec' | 'close' | 'closed' | 'ready' | 'waitReady' | 'dumpDataDir'> & {
  transaction: <T>(run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>) => Promise<T>
}

type Statements = Pick<PGliteInterface, 'query' | 'exec'>

interface Waiting { resolve: (value: unknown) => void, reject: (error: unknown) => void }

/** Starts one. @throws what PGlite says when the folder cannot be opened */
export async function startPgliteThread(options: ThreadOptions): Promise<EmbeddedPostgres> {
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? 'pglite-worker.ts' : 'pglite-worker.js', import.meta.url), { workerData: options, stdout: false })
  const waiting = new Map<number, Waiting>()
  let last = 0
  let ended: Error | undefined
  const ask = (asked: Asked): Promise<unknown> => new Promise((resolve, reject) => {
    if (ended) return reject(ended)
    waiting.set(++last, { resolve, reject })
    worker.postMessage([last, asked])
  })
  const endWith = (error: Error): void => {
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  worker.on('message', ([id, said]: [number, Said]) => {
    const asker = waiting.get(id)
    waiting.delete(id)
    if ('error' in said) asker?.reject(Object.assign(new Error(said.error.message), said.error))
    else asker?.resolve(said.result)
  })
  worker.on('error', endWith)
  worker.on('exit', () => { endWith(new Error('The thread of the embedded database has ended.')) })
  const terminate = async (): Promise<void> => { await worker.terminate() }
  try {
    await ask({ act: 'open' })
  } catch (error) {
    await terminate()
    throw error
  }
  return toPglite(ask, () => ended !== undefined, terminate)
}

/** One connection: what is asked outside of a transaction waits until it has ended. */
function toPglite(ask: (asked: Asked) => Promise<unknown>, hasEnded: () => boolean, terminate: () => Promise<void>): EmbeddedPostgres {
  let queue: Promise<unknown> = Promise.resolve()
  const alone = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = queue.then(run)
    queue = turn.catch(() => undefined)
    return turn
  }
  const statements: Statements = {
    query: async <T>(text: string, parameters?: unknown[]) => await ask({ act: 'query', text, ...parameters && { parameters } }) as Results<T>,
    exec: async text => await ask({ act: 'exec', text }) as Results[],
  }
  return {
    query: (...given) => alone(() => statements.query(...given)),
    exec: (...given) => alone(() => statements.exec(...given)),
    transaction: run => alone(() => transact(statements, run)),
    dumpDataDir: () => alone(async () => new Blob([await ask({ act: 'dump' }) as ArrayBuffer])),
    close: () => alone(async () => {
      if (!hasEnded()) await ask({ act: 'close' })
      await terminate()
    }),
    get closed() { return hasEnded() },
    ready: true,
    waitReady: Promise.resolve(),
  }
}

async function transact<T>({ query, exec }: Statements, run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>): Promise<T> {
  await exec('begin')
  let isOver = false
  const end = async (how: 'commit' | 'rollback'): Promise<Results | undefined> => {
    isOver = true
    return (await exec(how))[0]
  }
  const whileOpen = (): void => { if (isOver) throw new Error('The transaction has ended.') }
  try {
    const result = await run({
      query: async (...given) => { whileOpen(); return query(...given) },
      exec: async (...given) => { whileOpen(); return exec(...given) },
      rollback: async () => { await end('rollback') },
    })
    // A transaction in which a statement failed ends with ROLLBACK, whatever is asked.
    if (!isOver && (await end('commit'))?.command === 'ROLLBACK') throw Object.assign(new Error('The transaction was rolled back: a statement of it had failed.'), { code: '25P02' })
    return result
  } catch (error) {
    if (!isOver) await end('rollback')
    throw error
  }
}
