/** Work that somebody waits for only so long. */

/**
 * What the work ends with, or what `late` says when it takes longer: the work itself goes on, and nobody hears how it ended.
 * @param ms how long is waited, in milliseconds; undefined: to the end
 * @param late may throw, to refuse
 */
export async function inTime<T>(ms: number | undefined, work: Promise<T>, late: () => T): Promise<T> {
  if (ms === undefined) return work
  let timer: NodeJS.Timeout | undefined
  const waiting = new Promise<'late'>(resolve => { timer = setTimeout(() => { resolve('late') }, ms) })
  try {
    const first = await Promise.race([work.then(value => ({ value })), waiting])
    if (first !== 'late') return first.value
    work.catch(() => undefined)
    return late()
  } finally {
    clearTimeout(timer)
  }
}
