/**
 * One connection to an embedded PostgreSQL, in this thread or in one of its own. It speaks as PGlite does, as far as Kysely and pg-boss ask.
 */

import type { PGlite, PGliteInterface, Results } from '@electric-sql/pglite'
import { createTurns } from '../in-turn.ts'
import { createStatements, type Statements } from './pglite-statements.ts'

/** What is used of PGlite. */
export type EmbeddedPostgres = Pick<PGliteInterface, 'query' | 'exec' | 'close' | 'closed' | 'ready' | 'waitReady'> & {
  /** Told of each notification on a channel. @returns how to end it */
  listen: (channel: string, onNotification: (payload: string) => void) => Promise<() => Promise<void>>
  transaction: <T>(run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>) => Promise<T>
}

/** Where it runs: statements as they come, and what else is asked when nothing else goes on. */
export interface Place {
  statements: Statements
  listen: EmbeddedPostgres['listen']
  close: () => Promise<void>
  hasEnded: () => boolean
}

/** A PGlite of this thread. */
export function inThisThread(pglite: PGlite): Place {
  return { statements: createStatements(pglite), listen: (...given) => pglite.listen(...given), close: () => pglite.close(), hasEnded: () => pglite.closed }
}

/**
 * One connection: what is asked outside of a transaction waits until it has ended. What comes after `close` is refused; `close` waits for
 * what was asked before it, and ends whoever still listens.
 */
export function connectTo({ statements, listen, close, hasEnded }: Place): EmbeddedPostgres {
  let closing: Promise<void> | undefined
  const listeners = new Set<() => Promise<void>>()
  const inTurn = createTurns()
  const alone = async <T>(run: () => Promise<T>): Promise<T> => {
    if (closing || hasEnded()) throw new Error('The database is closed.')
    return inTurn(run)
  }
  return {
    query: (...given) => alone(() => statements.query(...given)),
    exec: (...given) => alone(() => statements.exec(...given)),
    transaction: run => alone(() => transact(statements, run)),
    listen: (channel, onNotification) => alone(async () => {
      const end = await listen(channel, onNotification)
      // Once: what is called after the close would end a listener of the next owner.
      const endOnce = async (): Promise<void> => { if (listeners.delete(endOnce) && !hasEnded()) await end() }
      listeners.add(endOnce)
      return () => inTurn(endOnce)
    }),
    close: () => closing ??= inTurn(async () => {
      await Promise.allSettled([...listeners].map(end => end()))
      await close()
    }),
    get closed() { return closing !== undefined || hasEnded() },
    ready: true,
    waitReady: Promise.resolve(),
  }
}

/**
 * The first statement is sent together with the begin, which saves a way to the thread and back. It tells of a begin that failed, too: who
 * waits for the transaction to begin, as Kysely does, would wait for ever.
 */
async function transact<T>({ query, exec }: Statements, run: (tx: Statements & { rollback: () => Promise<void> }) => Promise<T>): Promise<T> {
  let lost: { error: unknown } | undefined
  const begun = exec('begin').then(() => undefined, (error: unknown) => { lost = { error } })
  let isOver = false
  const end = async (how: 'commit' | 'rollback'): Promise<Results | undefined> => {
    isOver = true
    return (await exec(how))[0]
  }
  const assertBegun = (): void => { if (lost) throw lost.error }
  const whileOpen = async <R>(ask: () => Promise<R>): Promise<R> => {
    if (isOver) throw new Error('The transaction has ended.')
    assertBegun()
    const [answer] = await Promise.all([ask(), begun])
    assertBegun()
    return answer
  }
  try {
    const result = await run({
      query: (...given) => whileOpen(() => query(...given)),
      exec: (...given) => whileOpen(() => exec(...given)),
      rollback: async () => { await end('rollback') },
    })
    await begun
    assertBegun()
    // A transaction in which a statement failed ends with ROLLBACK, whatever is asked.
    if (!isOver && (await end('commit'))?.command === 'ROLLBACK') throw Object.assign(new Error('The transaction was rolled back: a statement of it had failed.'), { code: '25P02' })
    return result
  } catch (error) {
    await begun
    if (!isOver && !lost) await end('rollback')
    throw error
  }
}
