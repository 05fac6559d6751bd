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
  readonly #users = new Map<string, Set<M>>()

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
    if (ofUser) ofUser.add(member)
    else this.#users.set(member.user, new Set([member]))
  }

  /** Whether the member had been connected. */
  closed(member: M): boolean {
    this.#open.delete(member)
    if (!this.#clients.delete(member.client)) return false
    const ofUser = this.#users.get(member.user)
    ofUser?.delete(member)
    if (ofUser?.size === 0) this.#users.delete(member.user)
    return true
  }

  /** Number of connected members of a user. */
  countOf(user: string): number {
    return this.#users.get(user)?.size ?? 0
  }

  /** Connected members that fit everything that is given; nothing given fits nobody. */
  find({ user, client, session }: { readonly user?: string | undefined, readonly client?: string | undefined, readonly session?: string | undefined }): M[] {
    const fits = (member: M): boolean => (user === undefined || member.user === user) && (session === undefined || member.sessionId === session)
    if (client !== undefined) return [this.#clients.get(client)].filter(member => member !== undefined).filter(fits)
    if (user !== undefined) return [...this.#users.get(user) ?? []].filter(fits)
    return session === undefined ? [] : [...this.#clients.values()].filter(fits)
  }
}
