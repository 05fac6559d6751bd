/** Parts of words, whatever their case and accents. */

import { sql, type RawBuilder } from 'kysely'

/** That a column of words, kept by `neo_plain`, has this text in it. A pattern, which an index of trigrams answers; what is special in one is escaped before it is folded. */
export function hasPart(plain: RawBuilder<unknown>, text: string): RawBuilder<boolean> {
  return sql<boolean>`${plain} like '%' || neo_plain(${text.replace(/[\\%_]/g, '\\$&')}) || '%'`
}
