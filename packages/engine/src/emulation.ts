/** Reads the body of `POST /emulation`: commands for a session whose answers go elsewhere. Pure. Source: PROTOCOL 1.3, 1.17. */

/** Commands for a session of a node. */
export interface EmulationRequest {
  readonly session: string
  readonly node: string
  /** One or more frames' worth of commands, as text. */
  readonly data: string
}

/** Undefined when the body is no such request. */
export function readEmulation(body: Buffer): EmulationRequest | undefined {
  const value = parse(body.toString())
  if (typeof value !== 'object' || value === null) return undefined
  const { session = '', node = '', data = '' } = value as Record<string, unknown>
  return typeof session === 'string' && typeof node === 'string' && typeof data === 'string' ? { session, node, data } : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
