/** How often users and groups of users may connect, subscribe and send. What no rate is given for is not counted. */
import { Rates } from './rates.ts'
import type { Rate } from './rates.ts'
import type { Session } from './session.ts'

/** What is counted. Messages are `publish`, `rpc`, `send`, `presence`, `presence_stats` and `history`. */
export type Limited = 'connections' | 'subscriptions' | 'messages'

/** Rates of one user, or of one group together. */
export type Limits = Readonly<Partial<Record<Limited, Rate>>>

/** Who a connection is, when its group is asked for. */
export interface GroupQuestion {
  readonly user: string
  /** Claims of the token, empty without one. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly meta: unknown
}

/** Rates that connections are held to; above them commands get error 111, and `send` ends the connection with 3013. */
export interface LimitOptions {
  /** Anonymous connections have no user and are only held to their group's rates. */
  readonly perUser?: Limits
  readonly perGroup?: Limits
  /** The group of a connection, such as its tenant; undefined: none. Asked once per connect. @default no groups */
  readonly groupOf?: (question: GroupQuestion) => string | undefined
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
  take(limited: Limited, { user, group }: Pick<Session, 'user' | 'group'>): boolean {
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
