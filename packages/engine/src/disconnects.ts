/** Disconnects: close code and reason of a connection. The range of the code decides whether clients come back. */

/** Every disconnect the engine gives. 3500–3999 and 4500–4999 are terminal for clients. Source: PROTOCOL 1.9. */
export const DISCONNECTS = {
  connectionClosed: { code: 3000, reason: 'connection closed' },
  shutdown: { code: 3001, reason: 'shutdown' },
  serverError: { code: 3004, reason: 'internal server error' },
  expired: { code: 3005, reason: 'connection expired' },
  subscriptionExpired: { code: 3006, reason: 'subscription expired' },
  slow: { code: 3008, reason: 'slow' },
  writeError: { code: 3009, reason: 'write error' },
  insufficientState: { code: 3010, reason: 'insufficient state' },
  forceReconnect: { code: 3011, reason: 'force reconnect' },
  noPong: { code: 3012, reason: 'no pong' },
  tooManyRequests: { code: 3013, reason: 'too many requests' },
  stateInvalidated: { code: 3014, reason: 'state invalidated' },
  invalidToken: { code: 3500, reason: 'invalid token' },
  badRequest: { code: 3501, reason: 'bad request' },
  stale: { code: 3502, reason: 'stale' },
  forceDisconnect: { code: 3503, reason: 'force disconnect' },
  connectionLimit: { code: 3504, reason: 'connection limit' },
  channelLimit: { code: 3505, reason: 'channel limit' },
  inappropriateProtocol: { code: 3506, reason: 'inappropriate protocol' },
  permissionDenied: { code: 3507, reason: 'permission denied' },
  notAvailable: { code: 3508, reason: 'not available' },
  tooManyErrors: { code: 3509, reason: 'too many errors' },
} as const

/** Name of a disconnect of the table. */
export type DisconnectName = keyof typeof DISCONNECTS

/** Close code (3000–4999) and reason (at most 123 bytes, the room a close frame has). */
export interface Disconnect {
  readonly code: number
  readonly reason: string
}

/** Refuses a connection. */
export const disconnect = (name: DisconnectName): { readonly disconnect: Disconnect } => ({ disconnect: DISCONNECTS[name] })

/** Whether clients stay away after this close code. */
export const isTerminal = (code: number): boolean => (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000)

/**
 * The table's reason of a code, a general one for codes of the application. Never empty: the official client ignores that a code is
 * terminal when its reason is.
 */
export const reasonOf = (code: number): string =>
  Object.values(DISCONNECTS).find(entry => entry.code === code)?.reason ?? 'disconnected by server'

/** Whether code and reason fit a close frame an application may send. */
export const isDisconnect = ({ code, reason }: Disconnect): boolean =>
  Number.isInteger(code) && code >= 3000 && code <= 4999 && Buffer.byteLength(reason) <= 123
