/** What Centrifugo is told, in the words of its server API. Pure. */

import { namespaces, type Envelope } from '@neo-stack/events'

/** Centrifugo's `publish`. */
export interface PublishCommand {
  channel: string
  data: Envelope
  idempotency_key: string
  version?: number
  version_epoch?: string
  skip_history?: true
}

/** Centrifugo's `disconnect`. */
export interface DisconnectCommand {
  user: string
  client?: string
  disconnect: { code: number, reason: string }
}

/** Clients don't come back by themselves after it ("force disconnect"). */
const TERMINAL_CODE = 3503

/** Namespaces Centrifugo is configured with; it refuses what is published elsewhere. */
export const namespaceNames: ReadonlySet<string> = new Set(namespaces.map(({ name }) => name))

/**
 * Namespace of the channels that list a session's connections: Centrifugo cannot end one session of a user by itself. Nobody gets a
 * token for it, because the channel grammar does not know it.
 */
export const SESSION_NAMESPACE = 'session'

/** How a canary's session begins, whose connections are nobody's. */
export const CANARY = 'canary-'

/** The channel that lists a session's connections. */
export const sessionChannel = (sessionId: string): string => `${SESSION_NAMESPACE}:${sessionId}`

/** `version` lets Centrifugo drop what it has delivered already; what is not kept has no `seq` and leaves no history. */
export function toPublishCommand(event: Envelope): PublishCommand {
  const { id, channel, seq, logEpoch } = event
  const command = { channel, data: event, idempotency_key: id }
  return seq === undefined ? { ...command, skip_history: true } : { ...command, version: seq, version_epoch: logEpoch ?? '' }
}

/** Ends connections of a user for good: all of them, or one. */
export function toDisconnectCommand(user: string, reason: string, client?: string): DisconnectCommand {
  return { user, ...client !== undefined && { client }, disconnect: { code: TERMINAL_CODE, reason } }
}
