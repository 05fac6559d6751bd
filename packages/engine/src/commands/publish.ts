/** `publish`: a client's own publication; its push comes back to it before the reply. */
import { findRules, hasRight } from '../access.ts'
import type { Request } from '../command.ts'
import { ERRORS } from '../errors.ts'
import { isRefusal, refuse, reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { clientInfo, isClosed } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import { ask } from '../verdict.ts'

/** Decides on a publication and hands it to the broker. */
export async function publish(session: Session, { channel, data, type }: Request<'publish'>, ports: Ports): Promise<Outcome> {
  const rules = findRules(ports.config, channel)
  if (isRefusal(rules)) return rules
  if (type !== 0) return refuse('notAvailable')
  if (!hasRight(session, channel, { right: 'Publish', rules })) return refuse('permissionDenied')
  if (data === undefined) return refuse('badRequest')
  const { client, user } = session
  const veto = await ask(ports, { error: ERRORS.internal }, () => ports.hooks.onPublishing?.({ client, user, channel, data }))
  if (veto) return veto
  // A connection that was cut while the hook decided has lost its word.
  if (isClosed(session)) return refuse('internal')
  const info = session.subscriptions.get(channel)?.info ?? clientInfo(session)
  ports.broker.publish(channel, { data, info }, rules)
  return reply({ method: 'publish' })
}
