/**
 * Connects again after the service closed the connection for good, as long as the person is signed in: another session's end, a
 * restart or a policy may have cut it. Whoever was signed out stays closed.
 */
import type { Client } from '@neo-stack/client'
import { toBackoffMs } from '@neo-stack/client'

/** How to wait. */
export interface RecoveryOptions {
  /** @default globalThis.setTimeout */
  later?: (callback: () => void, ms: number) => unknown
  /** A number in [0, 1), for jitter. @default Math.random */
  random?: () => number
}

/** Longest first wait and longest wait, in milliseconds: a connection that is refused again and again is asked for ever less often. */
const WAIT = { baseMs: 1500, maxMs: 60_000 }

/** Watches the connection of a client; returns the function that stops it. */
export function keepConnected(
  { connection, session }: Pick<Client, 'connection' | 'session'>,
  { later = (callback, ms) => setTimeout(callback, ms), random = Math.random }: RecoveryOptions = {},
): () => void {
  let attempt = 0
  let isStopped = false
  const retry = (): void => {
    if (!isStopped && connection.status.state === 'closed' && session.status.state === 'signed-in') connection.connect()
  }
  const stop = connection.onStatus(({ state }) => {
    if (state === 'connected') attempt = 0
    if (state === 'closed') later(retry, toBackoffMs(attempt++, { ...WAIT, random }))
  })
  return () => {
    isStopped = true
    stop()
  }
}
