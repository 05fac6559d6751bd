/** Credentials that the application's hooks renew when they expire, without the client. Source: PROTOCOL 3.5. */
import { DISCONNECTS } from './disconnects.ts'
import { isPast, toDeadline } from './expiry.ts'
import type { RefreshGrant } from './hook-shapes.ts'
import type { HookAnswer } from './hooks.ts'
import type { Refusal } from './outcome.ts'
import { toOptionalJson } from './payload.ts'
import { clientInfo, hookRequest } from './session.ts'
import type { Ports, Session, Subscription } from './session.ts'
import { consult } from './verdict.ts'

/** After a fault of the hook, in milliseconds: the application may be back then. */
const SECOND_CHANCE_MS = 60_000

/** New credentials, or their end. */
type Renewed = Omit<RefreshGrant, 'expireAt'> & { readonly deadline: number }

const EXPIRED: Refusal = { disconnect: DISCONNECTS.expired }

/** Asks about a connection and moves its expiry; a refusal ends it. */
export async function renewConnection(session: Session, ports: Ports): Promise<Refusal | undefined> {
  const renewed = await renew(() => ports.hooks.refresh?.(hookRequest(session)), ports)
  if (!renewed) return EXPIRED
  if (!('deadline' in renewed)) return renewed
  if (renewed.expired) return EXPIRED
  session.expireAt = renewed.deadline
  if (renewed.info !== undefined) session.info = toOptionalJson(renewed.info)
  if (renewed.meta !== undefined) session.meta = renewed.meta
  return undefined
}

/** Asks about a subscription and moves its expiry; false: it is over. Undefined: the hook has no word. */
export async function renewSubscription(session: Session, subscription: Subscription, ports: Ports): Promise<boolean | Refusal | undefined> {
  const { channel, rules } = subscription
  const renewed = await renew(() => ports.hooks.subRefresh?.({ ...hookRequest(session), channel }), ports)
  if (!renewed || !('deadline' in renewed)) return renewed
  if (renewed.expired) return false
  subscription.expireAt = renewed.deadline
  if (renewed.info === undefined || session.subscriptions.get(channel) !== subscription) return true
  subscription.info = clientInfo(session, toOptionalJson(renewed.info))
  if (rules.presence) ports.presence.add(channel, subscription.info)
  return true
}

async function renew(hook: () => HookAnswer<RefreshGrant> | Promise<HookAnswer<RefreshGrant>>, ports: Ports): Promise<Renewed | Refusal | undefined> {
  return consult<RefreshGrant, Renewed | Refusal>(ports, {
    failure: { deadline: ports.now() + SECOND_CHANCE_MS },
    hook,
    read: ({ expireAt = 0, ...grant }) => ({ ...grant, expired: grant.expired === true || isPast(expireAt, ports.now()), deadline: toDeadline(expireAt) }),
  })
}
