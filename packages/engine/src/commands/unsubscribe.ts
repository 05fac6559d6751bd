/** `unsubscribe`: always granted, also for a channel that is not subscribed. */
import type { Request } from '../command.ts'
import { disconnect } from '../disconnects.ts'
import { reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import type { Session } from '../session.ts'

/** Ends a subscription. */
export function unsubscribe(session: Session, { channel }: Request<'unsubscribe'>): Outcome {
  if (channel === '') return disconnect('badRequest')
  const subscription = session.subscriptions.get(channel)
  return reply({ method: 'unsubscribe' }, ...(subscription ? [{ type: 'unsubscribed', subscription } as const] : []))
}
