/**
 * permessage-deflate (RFC 7692) without context takeover: a connection keeps no dictionary, which would cost more memory than all the
 * rest of it, and a message compressed once is the same for every connection.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

/** Both directions start anew with each message. */
export const DEFLATE_ANSWER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

const TAIL = Buffer.from([0, 0, 0xFF, 0xFF])
const KNOWN = new Set(['server_no_context_takeover', 'client_no_context_takeover', 'client_max_window_bits', 'server_max_window_bits'])

/** Whether one of a client's offers (`Sec-WebSocket-Extensions`) can be taken; a smaller window than zlib's own is not served. */
export function offersDeflate(header = ''): boolean {
  return header.split(',').some(offer => {
    const [name, ...parameters] = offer.split(';').map(part => part.trim())
    return name === 'permessage-deflate' && parameters.every(parameter => {
      const [key = '', value = ''] = parameter.split('=').map(part => part.trim())
      return KNOWN.has(key) && (key !== 'server_max_window_bits' || value.replaceAll('"', '') === '15')
    })
  })
}

/** Compresses a message. */
export const createDeflate = (level: number) => (payload: Buffer): Buffer =>
  deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length)

/** Decompresses a message to at most `limit` bytes; otherwise the close code: 1009 too long, 1007 not compressed at all. */
export const createInflate = (limit: number) => (payload: Buffer): Buffer | number => {
  try {
    return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit })
  } catch (error) {
    return error instanceof RangeError ? 1009 : 1007
  }
}
