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
  /** Resolves when the look in hand and the cuts under way are done. */
  stop: () => Promise<void>
}

/** Tokens signed by a clock that is a little ahead. */
const SKEW_MS = 5000
const CUT_EVERY_MS = 1000

/** Somebody who may come back. */
interface Cut {
  target: RevocationTarget
  until: number
  /** When the last cut began. */
  cutAt: number
}

/**
 * Starts to follow. Looking never waits for a cut: where Centrifugo or its Redis does not answer, cuts take longer than what was read may be
 * believed, and everybody would be refused.
 */
export function startRevocationSync(options: RevocationSyncOptions): RevocationSync {
  const { revocation, disconnect, tokenSeconds, everyMs = 500, now = Date.now, onFault = () => undefined } = options
  const cuts = new Map<string, Cut>()
  const underWay = new Set<Promise<void>>()
  const track = (work: Promise<void>): void => {
    const done = work.catch(onFault).finally(() => { underWay.delete(done) })
    underWay.add(done)
  }
  const remember = (target: RevocationTarget): Cut => {
    const one = { target, until: now() + tokenSeconds * 1000 + SKEW_MS, cutAt: -Infinity }
    cuts.set(JSON.stringify(target), one)
    return one
  }
  revocation.onRevoked(target => {
    remember(target)
    return Promise.resolve()
  })
  const cut = async (one: Cut): Promise<void> => {
    one.cutAt = now()
    await disconnect(one.target, 'access revoked')
  }
  const cutAgain = async (): Promise<void> => {
    for (const [key, one] of cuts) {
      if (one.until < now() || !mayBeCut(revocation, one.target)) cuts.delete(key)
      else if (now() - one.cutAt >= CUT_EVERY_MS) await cut(one).catch(onFault)
    }
  }
  let cutting: Promise<void> | undefined
  const look = async (): Promise<void> => {
    // Nobody who was revoked just now waits for others.
    for (const target of await revocation.reload()) track(cut(remember(target)))
    cutting ??= cutAgain().catch(onFault).finally(() => { cutting = undefined })
  }
  let running: Promise<void> | undefined
  const timer = setInterval(() => { running ??= look().catch(onFault).finally(() => { running = undefined }) }, everyMs).unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
      await Promise.all([cutting, ...underWay])
    },
  }
}

/** A user or tenant that is let in again is not cut any more; of a user whose sessions ended only those are, not the next one. */
function mayBeCut(revocation: Pick<Revocation, 'isRevoked'>, { tenantId, userId = '', sessionId }: RevocationTarget): boolean {
  return sessionId !== undefined || revocation.isRevoked({ tenantId, userId, issuedAt: Infinity })
}
