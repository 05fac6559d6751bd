/** Whether a webhook is its sender's: Standard Webhooks (standardwebhooks.com) and Stripe's scheme, over the body as it came. */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { Webhook } from 'standardwebhooks'

/** Seconds that a signature may be old, or ahead: both schemes' own tolerance. */
const TOLERANCE_SECONDS = 300

/** What was found out about a signature; `expired` is the sender's, but from another time. */
export type Verdict = 'valid' | 'invalid' | 'expired'

/** What came. */
export interface Signed {
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

/** What it is checked with. */
export interface Checking {
  /** All that are accepted now. */
  secrets: readonly string[]
  /** Milliseconds since the Unix epoch. */
  now: number
}

/** Checks `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
export function verifyStandard({ headers, body }: Signed, { secrets, now }: Checking): Verdict {
  const [id, timestamp, signatures] = [headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature']]
  if (typeof id !== 'string' || id === '' || typeof timestamp !== 'string' || !SECONDS.test(timestamp) || typeof signatures !== 'string') return 'invalid'
  const at = Number(timestamp)
  const given = signatures.split(' ').slice(0, MAX_SIGNATURES)
  const isSigned = secrets.some(secret => isAmong(given, new Webhook(secret).sign(id, new Date(at * 1000), body)))
  return isSigned ? judgeTime(at, now) : 'invalid'
}

/** Checks `stripe-signature: t=…,v1=…`. */
export function verifyStripe({ headers, body }: Signed, { secrets, now }: Checking): Verdict {
  const header = headers['stripe-signature']
  if (typeof header !== 'string') return 'invalid'
  const parts = header.split(',').slice(0, MAX_SIGNATURES).map(part => part.trim().split('=', 2))
  const timestamp = parts.find(([name]) => name === 't')?.[1] ?? ''
  if (!SECONDS.test(timestamp)) return 'invalid'
  const given = parts.flatMap(([name, value]) => name === 'v1' && value !== undefined ? [value] : [])
  const isSigned = secrets.some(secret => isAmong(given, createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')))
  return isSigned ? judgeTime(Number(timestamp), now) : 'invalid'
}

/** Seconds since the Unix epoch, up to the year 5138. */
const SECONDS = /^\d{1,11}$/

/** Senders that rotate send two; more are not looked at. */
const MAX_SIGNATURES = 10

function judgeTime(at: number, now: number): Verdict {
  return Math.abs(now / 1000 - at) <= TOLERANCE_SECONDS ? 'valid' : 'expired'
}

function isAmong(given: readonly string[], expected: string): boolean {
  const wanted = Buffer.from(expected)
  return given.some(one => {
    const bytes = Buffer.from(one)
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
  })
}
