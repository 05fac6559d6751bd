/** Something done once a second, on the second. */

/** How it is done. */
export interface TickOptions {
  now?: () => number
  /** Whether this process is the one to do it. @default it is */
  isLeader?: () => boolean
  /** Told of a turn that failed; the next one is taken all the same. */
  onFault?: (error: unknown) => void
  setTimer?: (run: () => void, ms: number) => NodeJS.Timeout
}

/** A running second hand. */
export interface Ticks {
  /** Resolves when the turn in hand is done. */
  stop: () => Promise<void>
}

/** Starts; two turns never overlap, a slow one leaves a gap, and no second is taken twice. `turn` gets seconds since the Unix epoch. */
export function startTicks(turn: (at: number) => Promise<void>, { now = Date.now, isLeader = () => true, onFault = () => undefined, setTimer = setTimeout }: TickOptions): Ticks {
  let isStopped = false
  let last = 0
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const tick = (): void => {
    // A timer may fire a little early, so the nearest second is meant.
    const at = Math.round(now() / 1000)
    running = (at > last && isLeader() ? turn(at) : Promise.resolve()).catch(onFault).finally(schedule)
    last = at
  }
  const schedule = (): void => {
    if (!isStopped) timer = setTimer(tick, 1000 - now() % 1000)
  }
  schedule()
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      return running
    },
  }
}
