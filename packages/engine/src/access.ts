/** Who may do what in a channel: pure questions to session and channel rules. Source: PROTOCOL 3.2, 3.4. */
import { isAscii, isPrivateChannel, splitChannel, usersOf } from './channel.ts'
import type { ChannelRules, EngineConfig } from './config.ts'
import { disconnect } from './disconnects.ts'
import { refuse } from './errors.ts'
import type { Refusal } from './outcome.ts'
import type { Session } from './session.ts'

/** A right that has options for clients, subscribers and anonymous users. */
export type Right = 'Publish' | 'History' | 'Presence'

/** Rules of a channel, or why it is none: '' ends the connection, a bad name is 107, an unknown namespace 102. */
export function findRules(config: EngineConfig, channel: string): ChannelRules | Refusal {
  if (channel === '') return disconnect('badRequest')
  if (Buffer.byteLength(channel) > config.naming.maxLength) return refuse('badRequest')
  const { namespace, rest } = splitChannel(channel, config.naming)
  const rules = config.namespaces.get(namespace)
  if (!rules?.pattern && !isAscii(channel)) return refuse('badRequest')
  if (!rules) return refuse('unknownChannel')
  return !rules.pattern || rules.pattern.test(rest) ? rules : refuse('badRequest')
}

/** What a right is asked for. */
export interface RightQuestion {
  readonly right: Right
  readonly rules: ChannelRules
  readonly config: EngineConfig
}

/** Whether the session has a right in the channel. */
export function hasRight(session: Session, channel: string, { right, rules, config }: RightQuestion): boolean {
  if (config.client.insecure) return true
  if (session.user === '' && !rules[`allow${right}ForAnonymous`]) return false
  return rules[`allow${right}ForClient`] || (rules[`allow${right}ForSubscriber`] && session.subscriptions.has(channel))
}

/** Whether the channel's name says who may subscribe, and what it says. */
export function isNamed(user: string, channel: string, { rules, config }: Omit<RightQuestion, 'right'>): boolean | undefined {
  const users = rules.allowUserLimitedChannels ? usersOf(channel, config.naming) : undefined
  return users && user !== '' && users.includes(user)
}

/** Whether a user may subscribe by the channel's options alone, without a token or a hook. */
export function maySubscribe(user: string, channel: string, { rules, config }: Omit<RightQuestion, 'right'>): boolean {
  if (isPrivateChannel(channel, config.naming)) return false
  if (config.client.insecure) return true
  const byName = isNamed(user, channel, { rules, config })
  if (byName !== undefined) return byName
  return rules.allowSubscribeForClient && (user !== '' || rules.allowSubscribeForAnonymous)
}
