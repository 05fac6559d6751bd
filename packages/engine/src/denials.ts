/** Who is kept out although their tokens are good: blocked users, revoked tokens. Pure but for the time it is given; no timer. */

/** What a token says of itself that revocations name. */
export interface TokenMark {
  readonly user: string
  /** `jti`. */
  readonly tokenId: string | undefined
  /** `sid`, the session of the application. */
  readonly session: string | undefined
  /** `iat`, a second since 1970; connections without a token count from when they connected. */
  readonly issuedAt: number | undefined
}

/** Which tokens are revoked: those of a user, of a session or with an id, or, without any of them, all that are old enough. */
export interface Revocation {
  readonly user?: string
  readonly session?: string
  readonly tokenId?: string
  /**
   * Second since 1970: tokens issued before it, or at no known time. @default all tokens of a session or with an id; tokens of a user
   * up to this second
   */
  readonly issuedBefore?: number
  /** Second after which it is forgotten; the latest expiry of the tokens is enough. @default never */
  readonly expireAt?: number
}

interface Entry {
  readonly issuedBefore: number
  /** Millisecond. */
  readonly until: number
}

/** What has passed is swept when this many entries are known, then at every doubling of what is left. */
const FIRST_SWEEP = 1_024

/** Remembered denials. */
export class Denials {
  readonly #revoked = new Map<string, Entry>()
  readonly #blocked = new Map<string, Entry>()
  readonly #now: () => number
  #sweepAt = FIRST_SWEEP

  constructor(now: () => number) {
    this.#now = now
  }

  /** Number of entries, past ones included until they are swept. */
  get size(): number {
    return this.#revoked.size + this.#blocked.size
  }

  revoke(revocation: Revocation): void {
    const key = keyOf(revocation)
    const { issuedBefore = defaultBefore(revocation, this.#now()), expireAt = Infinity } = revocation
    const known = this.#revoked.get(key)
    const entry = { issuedBefore, until: expireAt * 1000 }
    this.#set(this.#revoked, key, known ? { issuedBefore: Math.max(known.issuedBefore, issuedBefore), until: Math.max(known.until, entry.until) } : entry)
  }

  isRevoked({ user, tokenId, session, issuedAt }: TokenMark): boolean {
    if (this.#revoked.size === 0) return false
    const keys = [user !== '' && `u${user}`, session !== undefined && `s${session}`, tokenId !== undefined && `t${tokenId}`, '']
    return keys.some(key => key !== false && this.#isBefore(key, issuedAt))
  }

  block(user: string, expireAt: number = Infinity): void {
    this.#set(this.#blocked, user, { issuedBefore: Infinity, until: expireAt * 1000 })
  }

  unblock(user: string): void {
    this.#blocked.delete(user)
  }

  isBlocked(user: string): boolean {
    return (this.#blocked.get(user)?.until ?? 0) > this.#now()
  }

  #isBefore(key: string, issuedAt: number | undefined): boolean {
    const entry = this.#revoked.get(key)
    return entry !== undefined && entry.until > this.#now() && (issuedAt === undefined || issuedAt < entry.issuedBefore)
  }

  #set(entries: Map<string, Entry>, key: string, entry: Entry): void {
    entries.set(key, entry)
    if (this.size < this.#sweepAt) return
    const now = this.#now()
    for (const kept of [this.#revoked, this.#blocked]) for (const [name, { until }] of kept) if (until <= now) kept.delete(name)
    this.#sweepAt = Math.max(FIRST_SWEEP, this.size * 2)
  }
}

function keyOf({ user, session, tokenId }: Revocation): string {
  if (tokenId !== undefined) return `t${tokenId}`
  if (session !== undefined) return `s${session}`
  return user === undefined ? '' : `u${user}`
}

/** A user may come back with a token of the next second. */
const defaultBefore = ({ session, tokenId }: Revocation, now: number): number =>
  session === undefined && tokenId === undefined ? Math.floor(now / 1000) + 1 : Infinity
