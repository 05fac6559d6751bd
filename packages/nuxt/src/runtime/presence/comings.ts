/** Who came and who went, damped: a return within 45 s is nothing, neither a leave nor a coming. Pure: time in milliseconds. */
import type { UserPresence } from '@neo-stack/events'

/** How long somebody must stay away before it is said. */
export const DAMPING_MS = 45_000

/** What was said of each, and since when it is otherwise. */
export interface Comings {
  /** Whether there was a first look: who is there then did not come. */
  hasLooked: boolean
  present: ReadonlySet<string>
  /** Offline since, of those who are said to be present. */
  missing: ReadonlyMap<string, number>
}

/** What to say now. */
export interface ComingsStep {
  state: Comings
  joined: readonly UserPresence[]
  left: readonly UserPresence[]
}

/** Nobody was looked at yet. */
export const initialComings: Comings = { hasLooked: false, present: new Set(), missing: new Map() }

/** Looks at everybody; the reader is not said to come or go. */
export function stepComings({ hasLooked, ...state }: Comings, users: Iterable<UserPresence>, { now, me }: { now: number, me: string }): ComingsStep {
  const present = new Set(state.present)
  const missing = new Map(state.missing)
  const joined: UserPresence[] = []
  const left: UserPresence[] = []
  for (const user of users) {
    if (user.userId === me) continue
    if (user.status !== 'offline') {
      missing.delete(user.userId)
      if (!present.has(user.userId)) joined.push(user)
      present.add(user.userId)
    } else if (present.has(user.userId)) {
      const since = missing.get(user.userId) ?? now
      missing.set(user.userId, since)
      if (now - since < DAMPING_MS) continue
      present.delete(user.userId)
      missing.delete(user.userId)
      left.push(user)
    }
  }
  return { state: { hasLooked: true, present, missing }, joined: hasLooked ? joined : [], left }
}
