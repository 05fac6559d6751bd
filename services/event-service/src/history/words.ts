/** Where the words of an event stand: in the index, or – not indexed yet – in its data. */

import { sql, type RawBuilder } from 'kysely'

/** The two documents of an event, as SQL: `plain` for substrings, `stems` for words. */
export interface Words {
  plain: RawBuilder<unknown>
  stems: RawBuilder<unknown>
}

/** As columns of `event_words`: what its index is asked with. */
export const indexedWords: Words = { plain: sql`plain`, stems: sql`stems` }

/** Made of the event's data. */
export const freshWords: Words = { plain: sql`neo_plain(neo_words(data))`, stems: sql`neo_stems(neo_words(data))` }

/** Whichever there is, of rows joined by {@link joinWords}. */
export const anyWords: Words = { plain: sql`coalesce(plain, ${freshWords.plain})`, stems: sql`coalesce(stems, ${freshWords.stems})` }

/** Joins a tenant's rows of `event_words` to a source of events under its name. */
export function joinWords(source: string, tenantId: string): RawBuilder<unknown> {
  return sql`left join (select id as words_id, plain, stems from event_words where tenant_id = ${tenantId}) as words on words_id = ${sql.ref(`${source}.id`)}`
}
