/** Search cursors: opaque to callers, checked when they come back. Pure. */

import * as z from 'zod'
import type { SearchPlace } from './search.ts'

const placeSchema = z.strictObject({ direction: z.enum(['older', 'newer']), at: z.union([z.uuid(), z.int().min(0)]) })

/** A place as a cursor. */
export function formatCursor(place: SearchPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Reads a cursor; `undefined` when it is not one of ours. */
export function parseCursor(cursor: string): SearchPlace | undefined {
  try {
    const parsed = placeSchema.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
