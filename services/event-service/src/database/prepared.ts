/**
 * Statements that every write asks: each connection keeps them parsed and planned, which takes longer than carrying them out. Their text must always
 * be the same: lists of any length go into one parameter.
 */

import { sql, type RawBuilder } from 'kysely'

const MARK = '/* prepared */'

/** Put first in such a statement. */
export const PREPARED: RawBuilder<unknown> = sql.raw(MARK)

const names = new Map<string, string>()

/** The name that a statement is prepared under; none where it does not ask for one. */
export function nameOf(text: string): string | undefined {
  if (!text.startsWith(MARK)) return undefined
  const name = names.get(text) ?? `neo_${names.size}`
  names.set(text, name)
  return name
}
