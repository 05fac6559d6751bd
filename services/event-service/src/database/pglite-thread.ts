/** PGlite in a thread of its own: a statement that takes long keeps other statements waiting, never timers, sockets and requests. */

import { Worker } from 'node:worker_threads'
import type { Results } from '@electric-sql/pglite'
import { connectTo, type EmbeddedPostgres, type Place } from './pglite-connection.ts'
import type { PgliteFolder } from './pglite-create.ts'
import type { Asked, Said, Told } from './pglite-worker.ts'

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
  return connectTo(toPlace(thread, () => { isOpen = false }))
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

function toPlace({ ask, hasEnded, terminate, listeners }: Thread, onClosing: () => void): Place {
  return {
    statements: {
      query: async <T>(text: string, parameters?: unknown[]) => await ask({ act: 'query', text, ...parameters && { parameters } }) as Results<T>,
      exec: async text => await ask({ act: 'exec', text }) as Results[],
    },
    listen: async (channel, onNotification) => {
      const own = listeners.get(channel) ?? new Set()
      listeners.set(channel, own.add(onNotification))
      if (own.size === 1) await ask({ act: 'listen', channel })
      return async () => {
        own.delete(onNotification)
        if (own.size === 0) await ask({ act: 'unlisten', channel })
      }
    },
    close: async () => {
      onClosing()
      try {
        if (!hasEnded()) await ask({ act: 'close' })
      } finally {
        await terminate()
      }
    },
    hasEnded,
  }
}
