/** Calls back when somebody of the tenant came or went, damped: a return within 45 s is nothing. */
import type { UserPresence } from '@neo-stack/events'
import { onScopeDispose } from 'vue'
import { useNeoClient } from '../client.ts'
import { initialComings, stepComings } from '../presence/comings.ts'
import { usePresenceEvents } from './use-presence-events.ts'

/** Those who leave are said when their time is over, which nothing else tells of. */
const LOOK_MS = 5000

/** What to call. */
export interface ComingsHandlers {
  onJoin: (users: readonly UserPresence[]) => void
  onLeave: (users: readonly UserPresence[]) => void
  /** Milliseconds since the Unix epoch. @default Date.now */
  now?: () => number
}

/** Watches who comes and goes while the scope lives. */
export function useComings(tenantId: string, { onJoin, onLeave, now = Date.now }: ComingsHandlers): void {
  const { session } = useNeoClient()
  const { users, isLoaded, subscribeToPresence } = usePresenceEvents(tenantId)
  let state = initialComings
  let isDue = false
  const look = (): void => {
    isDue = false
    if (!isLoaded.value) return
    const step = stepComings(state, users.value.values(), { now: now(), me: session.user?.id ?? '' })
    state = step.state
    if (step.joined.length > 0) onJoin(step.joined)
    if (step.left.length > 0) onLeave(step.left)
  }
  // Each user of a batch calls back: one look for all of them.
  subscribeToPresence(() => {
    if (!isDue) queueMicrotask(look)
    isDue = true
  })
  const timer = setInterval(look, LOOK_MS)
  onScopeDispose(() => { clearInterval(timer) })
}
