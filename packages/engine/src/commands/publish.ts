/** `publish`: a client's own publication; its push comes back to it before the reply. */
import { findRules, hasRight } from '../access.ts'
import type { Draft } from '../broker.ts'
import type { Request } from '../command.ts'
import type { ChannelRules } from '../config.ts'
import { ERRORS, refuse } from '../errors.ts'
import type { PublishGrant } from '../hook-shapes.ts'
import { isRefusal, reply } from '../outcome.ts'
import type { Outcome, Refusal } from '../outcome.ts'
import { fitsFormat, toOptionalJson } from '../payload.ts'
import type { Json } from '../publication.ts'
import { clientInfo, hookRequest, isClosed } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import { ask, consult } from '../verdict.ts'

/** Decides on a publication and hands it to the broker. */
export async function publish(session: Session, { channel, data, type }: Request<'publish'>, ports: Ports): Promise<Outcome> {
  const rules = findRules(ports.config, channel)
  if (isRefusal(rules)) return rules
  // No channel is a map, so nobody has the right to publish to one.
  if (type !== 0) return refuse('permissionDenied')
  if (data !== undefined && !fitsFormat(data, rules)) return refuse('badRequest')
  const grant = await permit(session, { channel, data, rules }, ports)
  if (isRefusal(grant)) return grant
  if (grant.data === undefined) return refuse('badRequest')
  const { client, user } = session
  const context = { client, user, channel, data: grant.data }
  const veto = await ask(ports, { error: ERRORS.internal }, () => ports.hooks.onPublishing?.(context))
  if (veto) return veto
  // A connection that was cut while the hook decided has lost its word.
  if (isClosed(session)) return refuse('internal')
  const info = session.subscriptions.get(channel)?.info ?? clientInfo(session)
  const { skipHistory, ...granted } = grant
  const draft: Draft = { ...granted, data: grant.data, info, delta: granted.delta || rules.deltaPublish }
  ports.broker.publish(channel, draft, skipHistory ? { ...rules, historySize: 0 } : rules)
  return reply({ method: 'publish' })
}

interface Publishing {
  readonly channel: string
  readonly data: Json | undefined
  readonly rules: ChannelRules
}

type Granted = Omit<PublishGrant, 'data'> & { readonly data: Json | undefined }

/** The hook decides alone, or has no word and leaves it to the channel's options. */
async function permit(session: Session, { channel, data, rules }: Publishing, ports: Ports): Promise<Granted | Refusal> {
  const { hooks, config } = ports
  if (hooks.publish && data !== undefined) {
    const asked = { ...hookRequest(session), channel, data }
    const answered = await consult<PublishGrant, Granted | Refusal>(ports, {
      failure: refuse('internal'),
      hook: () => hooks.publish?.(asked),
      read: grant => ({ ...grant, data: toOptionalJson(grant.data) ?? data }),
    })
    if (answered) return answered
  }
  return hasRight(session, channel, { right: 'Publish', rules, config }) ? { data } : refuse('permissionDenied')
}
