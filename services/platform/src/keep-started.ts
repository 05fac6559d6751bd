/** Keeps a part started: it may ask to be closed and opened anew, when what it stands on was replaced. */

/** Closes the part, runs what comes between, and opens it again. */
export type Again = (between?: () => Promise<void>) => void

/** Something that runs until it is closed. */
export interface Closable {
  /** `at once`: what it stands on was replaced, so nothing more is done on it. */
  close: (how?: 'at once') => Promise<void>
}

/**
 * Starts a part and keeps it.
 * @param onFailed told why it could not be opened again; nothing runs then
 * @returns the part as it was first, and how to end it for good
 */
export async function keepStarted<T extends Closable>(start: (again: Again) => Promise<T>, onFailed: (error: unknown) => void): Promise<{ first: T, close: () => Promise<void> }> {
  let isEnding = false
  let turning = Promise.resolve()
  const turn = async (between: () => Promise<void>): Promise<void> => {
    if (isEnding) return
    await current.close('at once')
    await between()
    current = await start(again)
  }
  const again: Again = (between = () => Promise.resolve()) => { turning = turning.then(() => turn(between)).catch(onFailed) }
  let current = await start(again)
  return {
    first: current,
    close: () => {
      isEnding = true
      return turning.then(() => current.close())
    },
  }
}
