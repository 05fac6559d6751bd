/** How often users and groups of users may connect, subscribe and send. What no rate is given for is not counted. */
import type { Limited, LimitOptions, Limits } from './limit-options.ts'
import { Rates } from './rates.ts'

/** Whose rates count. */
export interface Subject {
  readonly user: string
  readonly group: string | undefined
}

type Buckets = Readonly<Partial<Record<Limited, Rates>>>

/** Counts what sessions do. */
export class Limiter {
  readonly #perUser: Buckets
  readonly #perGroup: Buckets
  readonly #now: () => number

  constructor({ perUser = {}, perGroup = {} }: LimitOptions, now: () => number) {
    this.#perUser = toBuckets(perUser)
    this.#perGroup = toBuckets(perGroup)
    this.#now = now
  }

  /** Whether the session may do this once more; then it counts for user and group. */
  take(limited: Limited, { user, group }: Subject): boolean {
    const ofUser = user === '' ? undefined : this.#perUser[limited]
    const ofGroup = group === undefined ? undefined : this.#perGroup[limited]
    if (!ofUser && !ofGroup) return true
    const now = this.#now()
    return (ofUser?.take(user, now) ?? true) && (ofGroup?.take(group ?? '', now) ?? true)
  }
}

function toBuckets(limits: Limits): Buckets {
  return Object.fromEntries(Object.entries(limits).map(([limited, rate]) => [limited, new Rates(rate)]))
}
