/** Work that is done one after the other. */

/** Runs a piece of work once everything that was given before it has ended, however it ended. */
export type InTurn = <T>(run: () => Promise<T>) => Promise<T>

/** Makes a queue of its own. */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return run => {
    const turn = last.then(run)
    last = turn.catch(() => undefined)
    return turn
  }
}
