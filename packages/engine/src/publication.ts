/** What travels through channels. Payloads are `Json`: the text of a JSON value, kept as it was given and never parsed on the way. */

/** Text of one JSON value without line breaks. */
export type Json = string

/** Who published, or who is present. */
export interface ClientInfo {
  /** Opaque user id; empty for anonymous connections. */
  readonly user: string
  /** Client id: one connection. */
  readonly client: string
  /** `info` claim of the connection token. */
  readonly connInfo?: Json
  /** `info` claim of the subscription token. */
  readonly chanInfo?: Json
}

/** One publication. `offset` is 0 when the channel keeps no history or the publication skipped it. */
export interface Publication {
  readonly data: Json
  readonly offset: number
  readonly info?: ClientInfo
  readonly tags?: Readonly<Record<string, string>>
  readonly version?: number
  /** Only on its way to who negotiated deltas: whether `data` is a patch. In JSON it is then a string. */
  readonly delta?: boolean
}

/** A place in the stream of a channel. */
export interface Position {
  readonly offset: number
  readonly epoch: string
}

const BREAKS = /[\r\n]+/gu

/** Line breaks separate messages on the wire; in valid JSON text they can only be white space. */
export const oneLine = (json: string): Json => (json.includes('\n') || json.includes('\r') ? json.replace(BREAKS, ' ') : json)
