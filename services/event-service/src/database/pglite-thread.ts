/**
 * PGlite in a thread of its own: a statement that takes long keeps other statements waiting, never timers, sockets and requests.
 * It speaks as PGlite does, as far as Kysely and pg-boss ask.
 */

import { Worker } from 'node:worker_threads'
import type { PGliteInterface, Results } from '@electric-sql/pglite'
import type { PgliteFolder } from './pglite-create.ts'
import type { Asked, Said, Told } from './pglite-worker.ts'

/** What is used of PGlite. */
export type EmbeddedPostgres = Pick<PGliteInterface, 'query' | 'exec' | 'close' | 'closed' | 'ready' | 'waitReady' | 'dumpDataDir'> & {
  /** Told of each notification on a channel. @returns how to end it */
  listen: (channel: string, onNotification: (payload: string) => void) => Promise<() => Promise<void>>
  transaction: <T>(run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>) => Promise<T>
}

type Statements = Pick<PGliteInterface, 'query' | 'exec'>

interface Waiting { resolve: (value: unknown) => void, reject: (error: unknown) => void }

/** The thread, as who asks sees it. */
interface Thread {
  ask: (asked: Asked) => Promise<unknown>
  hasEnded: () => boolean
  terminate: () => Promise<void>
  /** By channel. */
  listeners: Map<string, Set<(payload: string) => void>>
}

/**
 * Starts one.
 * @param onLost told when the thread ended although nobody closed it: nothing is read or written any more
 * @throws what PGlite says when the folder cannot be opened
 */
export async function startPgliteThread(folder: PgliteFolder, onLost: (error: Error) => void = () => undefined): Promise<EmbeddedPostgres> {
  let isOpen = false
  const thread = startThread(folder, error => { if (isOpen) onLost(error) })
  try {
    await thread.ask({ act: 'open' })
  } catch (error) {
    await thread.terminate()
    throw error
  }
  isOpen = true
  return toPglite(thread, () => { isOpen = false })
}

function startThread(folder: PgliteFolder, onEnd: (error: Error) => void): Thread {
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? 'pglite-worker.ts' : 'pglite-worker.js', import.meta.url), { workerData: folder })
  const waiting = new Map<number, Waiting>()
  let last = 0
  let ended: Error | undefined
  const ask = (asked: Asked): Promise<unknown> => new Promise((resolve, reject) => {
    if (ended) return reject(ended)
    worker.postMessage([++last, asked])
    waiting.set(last, { resolve, reject })
  })
  const endWith = (error: Error): void => {
    if (ended === undefined) onEnd(error)
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  const listeners: Thread['listeners'] = new Map()
  worker.on('message', (told: [number, Said] | Told) => {
    if ('channel' in told) {
      for (const listener of listeners.get(told.channel) ?? []) listener(told.payload)
      return
    }
    const [id, said] = told
    const asker = waiting.get(id)
    waiting.delete(id)
    if ('error' in said) asker?.reject(Object.assign(new Error(said.error.message), said.error))
    else asker?.resolve(said.result)
  })
  worker.on('error', endWith)
  worker.on('exit', () => { endWith(new Error('The thread of the embedded database has ended.')) })
  return { ask, hasEnded: () => ended !== undefined, terminate: async () => { await worker.terminate() }, listeners }
}

/** One connection: what is asked outside of a transaction waits until it has ended. */
function toPglite({ ask, hasEnded, terminate, listeners }: Thread, onClosing: () => void): EmbeddedPostgres {
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
    listen: async (channel, onNotification) => {
      const own = listeners.get(channel) ?? new Set()
      listeners.set(channel, own.add(onNotification))
      if (own.size === 1) await alone(() => ask({ act: 'listen', channel }))
      return async () => {
        own.delete(onNotification)
        if (own.size === 0 && !hasEnded()) await alone(() => ask({ act: 'unlisten', channel }))
      }
    },
    close: () => alone(async () => {
      onClosing()
      try {
        if (!hasEnded()) await ask({ act: 'close' })
      } finally {
        await terminate()
      }
    }),
    get closed() { return hasEnded() },
    ready: true,
    waitReady: Promise.resolve(),
  }
}

async function transact<T>({ query, exec }: Statements, run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>): Promise<T> {
  // The first statement tells of a begin that failed: who waits for the transaction to begin, as Kysely does, would wait for ever.
  const lost = await exec('begin').then(() => undefined, (error: unknown) => ({ error }))
  let isOver = false
  const end = async (how: 'commit' | 'rollback'): Promise<Results | undefined> => {
    isOver = true
    return (await exec(how))[0]
  }
  const whileOpen = (): void => {
    if (lost) throw lost.error
    if (isOver) throw new Error('The transaction has ended.')
  }
  try {
    const result = await run({
      query: async (...given) => { whileOpen(); return query(...given) },
      exec: async (...given) => { whileOpen(); return exec(...given) },
      rollback: async () => { await end('rollback') },
    })
    // A transaction in which a statement failed ends with ROLLBACK, whatever is asked.
    if (lost) throw lost.error
    if (!isOver && (await end('commit'))?.command === 'ROLLBACK') throw Object.assign(new Error('The transaction was rolled back: a statement of it had failed.'), { code: '25P02' })
    return result
  } catch (error) {
    if (!isOver && !lost) await end('rollback')
    throw error
  }
}
