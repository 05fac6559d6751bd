/** Rates that connections, subscriptions and messages are held to. */
import type { Rate } from './rates.ts'

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
