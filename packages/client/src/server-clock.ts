/**
 * The service's time, as this side knows it: from answers that say it, over a clock that only grows. Somebody who sets the machine's
 * clock changes nothing. Of all answers the one counts whose uncertainty – half of its round trip, and some for its age – is least.
 */

/** One answer: when it was asked for, when it came, both on the steady clock, and what it says, in milliseconds since 1970. */
export interface TimeSample {
  sentAt: number
  receivedAt: number
  now: number
}

/** See the head of this file. */
export interface ServerClock {
  /** Milliseconds since 1970; the machine's own before anything was learnt. */
  now(): number
  /** How far off `now` may be, in milliseconds; Infinity before anything was learnt. */
  uncertainty(): number
  learn(sample: TimeSample): void
  /** Asks, and learns from the answer's time. */
  ask<Answer extends { now: string }>(call: () => Promise<Answer>): Promise<Answer>
}

/** How far two clocks drift apart at most, per millisecond: quartz is ten times better. */
const DRIFT = 0.0005

/** Makes the clock. @param steady milliseconds that only grow. @default performance.now */
export function createServerClock(steady: () => number = () => performance.now()): ServerClock {
  let best: { offset: number, error: number, at: number } | undefined
  const errorOf = ({ error, at }: { error: number, at: number }): number => error + (steady() - at) * DRIFT
  const learn: ServerClock['learn'] = ({ sentAt, receivedAt, now }) => {
    const error = (receivedAt - sentAt) / 2
    if (!best || error <= errorOf(best)) best = { offset: now - (sentAt + error), error, at: receivedAt }
  }
  return {
    now: () => best ? steady() + best.offset : Date.now(),
    uncertainty: () => best ? errorOf(best) : Number.POSITIVE_INFINITY,
    learn,
    ask: async call => {
      const sentAt = steady()
      const answer = await call()
      learn({ sentAt, receivedAt: steady(), now: Date.parse(answer.now) })
      return answer
    },
  }
}
