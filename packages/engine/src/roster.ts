/** Who is connected: every open socket, and the signed-in ones by client and by user. */

/** What the roster needs to know of a member. */
export interface Member {
  readonly client: string
  readonly user: string
  /** Id of the session, on transports that have one. */
  readonly sessionId: string | undefined
}

/** Open connections and their users. */
export class Roster<M extends Member> {
  readonly #open = new Set<M>()
  readonly #clients = new Map<string, M>()
  /** A set only where there are several: most users have one connection. */
  readonly #users = new Map<string, M | Set<M>>()

  /** Every open connection, also those that have not said who they are. */
  get open(): ReadonlySet<M> {
    return this.#open
  }

  /** Connected clients. */
  get connected(): ReadonlyMap<string, M> {
    return this.#clients
  }

  /** Number of distinct users, anonymous ones counting as one. */
  get users(): number {
    return this.#users.size
  }

  opened(member: M): void {
    this.#open.add(member)
  }

  connectedAs(member: M): void {
    this.#clients.set(member.client, member)
    const ofUser = this.#users.get(member.user)
    if (ofUser instanceof Set) ofUser.add(member)
    else this.#users.set(member.user, ofUser ? new Set([ofUser, member]) : member)
  }

  /** Whether the member had been connected. */
  closed(member: M): boolean {
    this.#open.delete(member)
    if (!this.#clients.delete(member.client)) return false
    const ofUser = this.#users.get(member.user)
    if (ofUser instanceof Set) ofUser.delete(member)
    if (ofUser === member || (ofUser instanceof Set && ofUser.size === 0)) this.#users.delete(member.user)
    return true
  }

  /** Number of connected members of a user. */
  countOf(user: string): number {
    return this.#of(user).length
  }

  #of(user: string): readonly M[] {
    const ofUser = this.#users.get(user)
    return ofUser instanceof Set ? [...ofUser] : ofUser ? [ofUser] : []
  }

  /** Connected members that fit everything that is given; nothing given fits nobody. */
  find({ user, client, session }: { readonly user?: string | undefined, readonly client?: string | undefined, readonly session?: string | undefined }): M[] {
    const fits = (member: M): boolean => (user === undefined || member.user === user) && (session === undefined || member.sessionId === session)
    if (client !== undefined) return [this.#clients.get(client)].filter(member => member !== undefined).filter(fits)
    if (user !== undefined) return this.#of(user).filter(fits)
    return session === undefined ? [] : [...this.#clients.values()].filter(fits)
  }
}
