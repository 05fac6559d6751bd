/** Who is connected: every open socket, and the signed-in ones by client and by user. */

/** What the roster needs to know of a member. */
export interface Member {
  readonly client: string
  readonly user: string
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

  /** Connected members a user or client id names; both given must both fit. */
  find({ user, client }: { readonly user?: string | undefined, readonly client?: string | undefined }): M[] {
    if (client !== undefined) {
      const member = this.#clients.get(client)
      return member && (user === undefined || member.user === user) ? [member] : []
    }
    return user === undefined ? [] : [...this.#users.get(user) ?? []]
  }
}
