/** Load: publishers that work as fast as answers come, or at a steady rate. */

import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `work` in `parallel` loops for a time; gives the milliseconds that each piece of work took. */
export async function runClosedLoop({ parallel, seconds }: { parallel: number, seconds: number }, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  const deadline = performance.now() + seconds * 1000
  let index = 0
  const loop = async (): Promise<void> => {
    while (performance.now() < deadline) {
      const startedAt = performance.now()
      await work(index++)
      samples.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: parallel }, loop))
  return samples
}

/** Starts `work` at a steady rate for a time, whether or not earlier work has ended, and waits for all of it. */
export async function runOpenLoop({ perSecond, seconds }: { perSecond: number, seconds: number }, work: (index: number) => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  const running: Promise<unknown>[] = []
  for (let index = 0; index < perSecond * seconds; index++) {
    const waitMs = startedAt + (index * 1000) / perSecond - performance.now()
    if (waitMs > 1) await sleep(waitMs)
    const one = work(index)
    // Heard below: until then a failure must not end the process as one that nobody hears.
    one.catch(() => undefined)
    running.push(one)
  }
  await Promise.all(running)
}
