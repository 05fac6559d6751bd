/** Subscriptions that the server makes: of a token, a hook, a user's own channel, or again after a reconnect. Source: PROTOCOL 1.12, 3.1. */
import { findRules, maySubscribe } from './access.ts'
import { personalChannel, splitChannel } from './channel.ts'
import type { Request } from './command.ts'
import { disconnect } from './disconnects.ts'
import { refuse } from './errors.ts'
import { isPast } from './expiry.ts'
import type { Identity } from './identity.ts'
import { isRefusal } from './outcome.ts'
import type { Refusal } from './outcome.ts'
import type { Ports, Session, Source } from './session.ts'
import { NO_WISH, OPEN, begin, createSubscription } from './subscribing.ts'
import type { Begun, Making, Permit } from './subscribing.ts'

type Connect = Request<'connect'>

/** What a connection is subscribed to from the start; an unknown namespace refuses it, too many channels end it. */
export function serverSubscriptions(identity: Identity, request: Connect, ports: Ports): readonly Making[] | Refusal {
  const wanted = collect(identity, ports)
  const resumed = identity.mayResume ? resume(identity, request, ports) : []
  if (isRefusal(resumed)) return resumed
  for (const channel of resumed) if (!wanted.has(channel)) wanted.set(channel, { source: 'reconnect', permit: OPEN })
  if (wanted.size > ports.config.client.channelLimit) return disconnect('channelLimit')
  const makings: Making[] = []
  for (const [channel, { source, permit }] of wanted) {
    const rules = ports.config.namespaces.get(splitChannel(channel, ports.config.naming).namespace)
    if (!rules) return refuse('unknownChannel')
    if (isPast(permit.expireAt, ports.now())) return refuse('expired')
    makings.push({ channel, source, rules, permit, wish: request.subs.get(channel) ?? NO_WISH })
  }
  return makings
}

interface Wanted {
  readonly source: Source
  readonly permit: Permit
}

function collect({ user, subs, source }: Identity, { config }: Ports): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const [channel, permit] of subs) if (channel !== '') wanted.set(channel, { source, permit })
  const { enabled = false, personalChannelNamespace = '' } = config.client.subscribeToUserPersonalChannel ?? {}
  if (enabled && user !== '') wanted.set(personalChannel(user, personalChannelNamespace, config.naming), { source: 'personal', permit: OPEN })
  return wanted
}

/** Channels that the client names and could subscribe to by itself; the others are left out silently. */
function resume({ user }: Identity, { subs }: Connect, { config }: Ports): readonly string[] | Refusal {
  const allowed: string[] = []
  for (const channel of subs.keys()) {
    const rules = findRules(config, channel)
    if (!isRefusal(rules) && maySubscribe(user, channel, { rules, config })) allowed.push(channel)
    else if (!config.namespaces.has(splitChannel(channel, config.naming).namespace)) return disconnect('badRequest')
  }
  return allowed
}

/** Attaches one and puts it at its position; until its effect is applied it holds what is published. */
export async function beginServerSide(session: Session, making: Making, ports: Ports): Promise<Begun | Refusal> {
  const subscription = createSubscription(session, making)
  session.subscriptions.set(making.channel, subscription)
  ports.attach(subscription)
  return begin(subscription, making, ports)
}

/** Whether a new token names other channels than the one the connection has. */
export function areTokenChannelsOther(session: Session, channels: Iterable<string>): boolean {
  const current = [...session.subscriptions.values()].filter(({ source }) => source === 'token').map(({ channel }) => channel)
  const named = new Set(channels)
  return named.size !== current.length || current.some(channel => !named.has(channel))
}
