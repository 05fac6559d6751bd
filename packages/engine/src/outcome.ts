/** What a command decides: a reply with effects, an error reply, or the end of the connection. Plain data, performed by `connection.ts`. */
import type { NumberedCommand } from './command.ts'
import type { Disconnect } from './disconnects.ts'
import type { ErrorReply } from './errors.ts'
import type { HookRequest } from './hook-shapes.ts'
import type { Json } from './publication.ts'
import type { Result } from './reply.ts'
import type { Ports, Session, Subscription } from './session.ts'
import type { Unsubscribe } from './unsubscribes.ts'

/** A client's message to the application. */
export type MessageRequest = HookRequest & { readonly data: Json | undefined }

/** How a wanted recovery went. */
export interface Recovered {
  readonly isRecovered: boolean
  readonly publications: number
}

/** What happens after the reply was written, in the same turn. */
export type Effect =
  | { readonly type: 'connected' }
  | { readonly type: 'subscribed', readonly subscription: Subscription, readonly recovered?: Recovered }
  | { readonly type: 'unsubscribed', readonly subscription: Subscription }
  /** The client is told by a push that its subscription is over. */
  | { readonly type: 'ended', readonly subscription: Subscription, readonly unsubscribe: Unsubscribe }
  | { readonly type: 'expiryChanged' }
  | { readonly type: 'message', readonly request: MessageRequest }

/** A command that is not granted. */
export type Refusal = { readonly error: ErrorReply } | { readonly disconnect: Disconnect }

/** Decision on a command; without a result nothing is replied. */
export type Outcome = { readonly result: Result | undefined, readonly effects: readonly Effect[] } | Refusal

/** Decides on a command other than a pong, at once or later. */
export type Dispatch = (session: Session, command: NumberedCommand, ports: Ports) => Outcome | Promise<Outcome>

/** Grants. */
export const reply = (result: Result, ...effects: readonly Effect[]): Outcome => ({ result, effects })

/** Tells a refusal from something granted. */
export const isRefusal = (value: object): value is Refusal => 'error' in value || 'disconnect' in value
