/**
 * Revocation with several processes: each looks at the store for what the others revoked, and cuts again each second whoever may come
 * back with a token that still runs, because Centrifugo does not ask whether somebody was revoked.
 */

import type { Revocation, RevocationTarget } from './revocation.ts'

/** What following needs. */
export interface RevocationSyncOptions {
  revocation: Pick<Revocation, 'reload' | 'isRevoked' | 'onRevoked'>
  disconnect: (target: RevocationTarget, reason: string) => Promise<void>
  /** Lifetime of realtime tokens in seconds: when the last one has ended nobody is cut any more. */
  tokenSeconds: number
  /** Milliseconds between two looks at the store. @default 500 */
  everyMs?: number
  now?: () => number
  /** Told of a look or a cut that failed; the next one tries again. */
  onFault?: (error: unknown) => void
}

/** Following others. */
export interface RevocationSync {
  /** Resolves when the look in hand is done. */
  stop: () => Promise<void>
}

/** Tokens signed by a clock that is a little ahead. */
const SKEW_MS = 5000
const CUT_EVERY_MS = 1000

/** Starts to follow. */
export function startRevocationSync(options: RevocationSyncOptions): RevocationSync {
  const { revocation, disconnect, tokenSeconds, everyMs = 500, now = Date.now, onFault = () => undefined } = options
  const cut = new Map<string, { target: RevocationTarget, until: number }>()
  let lastCut = 0
  const remember = (target: RevocationTarget): void => { cut.set(JSON.stringify(target), { target, until: now() + tokenSeconds * 1000 + SKEW_MS }) }
  revocation.onRevoked(target => {
    remember(target)
    return Promise.resolve()
  })
  const cutAgain = async (): Promise<void> => {
    if (now() - lastCut < CUT_EVERY_MS) return
    lastCut = now()
    for (const [key, { target, until }] of cut) {
      if (until < now() || !mayBeCut(revocation, target)) cut.delete(key)
      else await disconnect(target, 'access revoked').catch(onFault)
    }
  }
  const look = async (): Promise<void> => {
    for (const target of await revocation.reload()) {
      remember(target)
      lastCut = 0
    }
    await cutAgain()
  }
  let running: Promise<void> | undefined
  const timer = setInterval(() => { running ??= look().catch(onFault).finally(() => { running = undefined }) }, everyMs).unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}

/** A user or tenant that is let in again is not cut any more; of a user whose sessions ended only those are, not the next one. */
function mayBeCut(revocation: Pick<Revocation, 'isRevoked'>, { tenantId, userId = '', sessionId }: RevocationTarget): boolean {
  return sessionId !== undefined || revocation.isRevoked({ tenantId, userId, issuedAt: Infinity })
}
