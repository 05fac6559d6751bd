/** What time brings to a session. Pure: one function says when to look again, one what is due. Source: PROTOCOL 1.5, 1.6, 1.10. */
import type { EngineConfig } from './config.ts'
import { DISCONNECTS } from './disconnects.ts'
import type { Disconnect } from './disconnects.ts'
import type { Session, Subscription } from './session.ts'

type Limits = EngineConfig['client']

/** After a connect error the socket is cut by the transport, without a code. */
const REFUSED_MS = 5_000

/** What is due. `cut` ends the socket without a close code. */
export type Due =
  | { readonly type: 'ping' }
  | { readonly type: 'cut' }
  | { readonly type: 'disconnect', readonly disconnect: Disconnect }
  | { readonly type: 'expired', readonly subscription: Subscription }
  /** The application's hooks are asked. */
  | { readonly type: 'renew' }
  | { readonly type: 'renewSubscription', readonly subscription: Subscription }

/** The millisecond of the next deadline. */
export function nextDeadline(session: Session, limits: Limits): number {
  if (session.status === 'closed') return Infinity
  let next = Math.min(session.staleAt, session.cutAt, session.pingAt, session.pongAt, endOf(session, limits.expiredCloseDelay))
  for (const subscription of session.subscriptions.values()) next = Math.min(next, endOf(subscription, limits.expiredSubCloseDelay))
  return next
}

/** Hooks are asked when it expires, clients have some time more. */
const endOf = ({ expireAt, isRefreshedByHook }: Pick<Session, 'expireAt' | 'isRefreshedByHook'>, grace: number): number =>
  isRefreshedByHook ? expireAt : expireAt + grace

/** Everything due by now, what ends the connection first and then alone. */
export function dueNow(session: Session, now: number, limits: Limits): readonly Due[] {
  if (session.staleAt <= now) return [end('stale')]
  if (session.cutAt <= now) return [{ type: 'cut' }]
  if (session.pongAt <= now) return [end('noPong')]
  const isExpired = endOf(session, limits.expiredCloseDelay) <= now
  if (isExpired && !session.isRefreshedByHook) return [end('expired')]
  const expired = [...session.subscriptions.values()].filter(subscription => endOf(subscription, limits.expiredSubCloseDelay) <= now)
  // The client can't give up a subscription that the server made: its connection ends.
  if (expired.some(({ source, isRefreshedByHook }) => source !== 'client' && !isRefreshedByHook)) return [end('subscriptionExpired')]
  return [
    ...isExpired ? [{ type: 'renew' } as const] : [],
    ...expired.map((subscription): Due => ({ type: subscription.isRefreshedByHook ? 'renewSubscription' : 'expired', subscription })),
    ...session.pingAt <= now ? [{ type: 'ping' } as const] : [],
  ]
}

/** The session is connected: no longer stale, first ping at random in the second half of the interval. */
export function startPings(session: Session, now: number, { limits, random }: { limits: Limits, random: () => number }): void {
  session.staleAt = Infinity
  session.pingAt = now + limits.pingInterval * (0.5 + random() / 2)
}

/** A ping was sent. Transports that ping by themselves know of dead peers by themselves. */
export function awaitPong(session: Session, now: number, limits: Limits): void {
  session.pingAt = now + limits.pingInterval
  if (!session.hasNativePing) session.pongAt = now + limits.pongTimeout
}

/** Whether the pong was awaited; one that was not is an error of the client. */
export function takePong(session: Session): boolean {
  const isAwaited = session.pongAt !== Infinity
  session.pongAt = Infinity
  return isAwaited
}

/** Connect was refused: what comes is ignored until the socket is cut. */
export function startRefusal(session: Session, now: number): void {
  session.cutAt = now + REFUSED_MS
}

const end = (name: 'stale' | 'noPong' | 'expired' | 'subscriptionExpired'): Due => ({ type: 'disconnect', disconnect: DISCONNECTS[name] })
