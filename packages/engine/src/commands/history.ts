/** `history`: a slice of what the channel keeps. */
import { findRules, hasRight } from '../access.ts'
import { keepsHistory } from '../broker.ts'
import type { Request } from '../command.ts'
import { refuse } from '../errors.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import type { Ports, Session } from '../session.ts'

type HistoryRequest = Request<'history'>

/** Publications after (or before) a position; a limit of 0 asks for the position only. */
export async function history(session: Session, request: HistoryRequest, ports: Ports): Promise<Outcome> {
  const { channel, since, reverse } = request
  const rules = findRules(ports.config, channel)
  if (isRefusal(rules)) return rules
  if (!keepsHistory(rules)) return refuse('notAvailable')
  if (!hasRight(session, channel, { right: 'History', rules, config: ports.config })) return refuse('permissionDenied')
  if (since && reverse && since.offset === 0) return refuse('badRequest')
  const limit = clamp(request.limit, ports.config.client.historyMaxPublicationLimit)
  try {
    const { publications, offset, epoch, isOtherEpoch } = await ports.broker.history(channel, { limit, since, reverse }, rules)
    return isOtherEpoch ? refuse('unrecoverablePosition') : reply({ method: 'history', publications, offset, epoch })
  } catch (error) {
    ports.onFault(error)
    return refuse('internal')
  }
}

/** −1 means all there is, up to the maximum; below −1 clients get nothing (PROTOCOL 6.25). */
function clamp(limit: number, maximum: number): number {
  if (limit === -1) return maximum
  return Math.min(Math.max(limit, 0), maximum)
}
