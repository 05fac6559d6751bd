/** Where the words of an event stand – in the index, or, not indexed yet, in its data –, and the fields of its data. */

import { sql, type RawBuilder } from 'kysely'
import { isOwnField, type Query } from './grammar.ts'

/** What is asked of an event, as SQL: its two documents, `plain` for substrings and `stems` for words, and the fields of its data. */
export interface Words {
  plain: RawBuilder<unknown>
  stems: RawBuilder<unknown>
  /** The text of a field of the data; dots lead into objects. */
  field: (name: string) => RawBuilder<unknown>
}

const inData: Words['field'] = name => sql`data #>> ${`{${name.split('.').map(part => JSON.stringify(part)).join(',')}}`}::text[]`

/** As columns of `event_words`: what its index is asked with. */
export const indexedWords: Words = { plain: sql`plain`, stems: sql`stems`, field: inData }

/** Made of the event's data. */
export const freshWords: Words = { plain: sql`neo_plain(neo_words(data))`, stems: sql`neo_stems(neo_words(data))`, field: inData }

/** Whichever there is, of rows joined by {@link joinWords}. */
export const anyWords: Words = { plain: sql`coalesce(plain, ${freshWords.plain})`, stems: sql`coalesce(stems, ${freshWords.stems})`, field: inData }

/** Joins a tenant's rows of `event_words` to a source of events under its name. */
export function joinWords(source: string, tenantId: string): RawBuilder<unknown> {
  return sql`left join (select id as words_id, plain, stems from event_words where tenant_id = ${tenantId}) as words on words_id = ${sql.ref(`${source}.id`)}`
}

/**
 * The same for a source that has the fields a query asks for as columns, and those columns, to stand after others. A condition names a field
 * several times; looked for in the data each time that is most of what walking over an event costs.
 */
export function toFieldColumns(query: Query): { words: Words, columns: RawBuilder<unknown> } {
  const names = [...new Set(fieldsOf(query))]
  const columnOf = (name: string): RawBuilder<unknown> => sql.id(`field_${names.indexOf(name)}`)
  return {
    words: { ...anyWords, field: columnOf },
    columns: names.length === 0 ? sql`` : sql`, ${sql.join(names.map(name => sql`${inData(name)} as ${columnOf(name)}`))}`,
  }
}

function fieldsOf(query: Query): string[] {
  if ('of' in query) return [query.of].flat().flatMap(fieldsOf)
  return query.kind === 'field' && !isOwnField(query.field) ? [query.field] : []
}
