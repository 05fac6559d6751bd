/** Who may do what in a channel: pure questions to session and channel rules. Source: PROTOCOL 3.2, 3.4. */
import { isChannelName, isPrivateChannel, namespaceOf, usersOf } from './channel.ts'
import type { ChannelRules, EngineConfig } from './config.ts'
import { disconnect, refuse } from './outcome.ts'
import type { Refusal } from './outcome.ts'
import type { Session } from './session.ts'

/** A right that has options for clients, subscribers and anonymous users. */
export type Right = 'Publish' | 'History' | 'Presence'

/** Rules of a channel, or why it is none: '' ends the connection, a bad name is 107, an unknown namespace 102. */
export function findRules(config: EngineConfig, channel: string): ChannelRules | Refusal {
  if (channel === '') return disconnect('badRequest')
  if (!isChannelName(channel)) return refuse('badRequest')
  return config.namespaces.get(namespaceOf(channel)) ?? refuse('unknownChannel')
}

/** Whether the channel keeps publications. */
export const keepsHistory = (rules: ChannelRules): boolean => rules.historySize > 0 && rules.historyTtl > 0

/** Whether the session has a right in the channel. */
export function hasRight(session: Session, channel: string, { right, rules }: { right: Right, rules: ChannelRules }): boolean {
  if (session.user === '' && !rules[`allow${right}ForAnonymous`]) return false
  return rules[`allow${right}ForClient`] || (rules[`allow${right}ForSubscriber`] && session.subscriptions.has(channel))
}

/** Whether the session may subscribe without a token. */
export function maySubscribe(session: Session, channel: string, rules: ChannelRules): boolean {
  if (isPrivateChannel(channel)) return false
  const users = usersOf(channel)
  if (users && rules.allowUserLimitedChannels) return session.user !== '' && users.includes(session.user)
  return session.user === '' ? rules.allowSubscribeForClient && rules.allowSubscribeForAnonymous : rules.allowSubscribeForClient
}
