/** A query as SQL. Values are parameters; patterns are escaped before they are folded. */

import { sql, type RawBuilder } from 'kysely'
import { hasPart } from '../database/like.ts'
import { isOwnField, type Query, type Term } from './grammar.ts'
import type { Scope } from './scope.ts'
import { hasTrigram } from './search-plan.ts'
import type { Words } from './words.ts'

/** SQL that is true or false for an event and its words. */
export type Condition = RawBuilder<boolean>

/** What a query asks of an event whose words stand where `words` says. */
export function toCondition(query: Query, words: Words): Condition {
  switch (query.kind) {
    case 'all': return query.of.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(query.of.map(one => toCondition(one, words)), sql` and `)})`
    case 'any': return query.of.length === 0 ? sql<boolean>`false` : sql<boolean>`(${sql.join(query.of.map(one => toCondition(one, words)), sql` or `)})`
    case 'not': return sql<boolean>`not coalesce(${toCondition(query.of, words)}, false)`
    default: return toTermCondition(query, words)
  }
}

/** Ways in which an event may have all of some words; more are not written out. */
const MAX_WAYS = 8

/**
 * The same for what the index of words is asked: up to three words that must all be there are written as the ways in which they may be,
 * each of which the index answers at once. Of `(a or b) and (c or d)` it would answer one half, and every row of that be read for the other.
 */
export function toIndexedCondition(query: Query, words: Words): Condition {
  if (query.kind !== 'all') return toCondition(query, words)
  const terms = query.of.filter(one => one.kind === 'word' || one.kind === 'phrase')
  if (terms.length < 2 || 2 ** terms.filter(({ kind }) => kind === 'word').length > MAX_WAYS) return toCondition(query, words)
  const ways = terms.map(term => waysOf(term, words)).reduce<Condition[][]>((all, own) => all.flatMap(way => own.map(one => [...way, one])), [[]])
  const others: Query = { kind: 'all', of: query.of.filter(one => !terms.some(term => term === one)) }
  return sql<boolean>`((${sql.join(ways.map(way => sql.join(way, sql` and `)), sql` or `)}) and ${toCondition(others, words)})`
}

/** That an event stands in a channel the search may look into. */
export function inScope({ tenantId, names, prefixes }: Scope): Condition {
  const channels = [...names.map(name => sql`channel = ${name}`), ...prefixes.map(prefix => sql`starts_with(channel, ${prefix})`)]
  return sql<boolean>`tenant_id = ${tenantId} and (${sql.join(channels, sql` or `)})`
}

function toTermCondition(term: Term, words: Words): Condition {
  switch (term.kind) {
    case 'word':
    case 'phrase': return sql<boolean>`(${sql.join(waysOf(term, words), sql` or `)})`
    case 'prefix': return sql<boolean>`${words.plain} ~ ('\\m' || neo_plain(${escapeRegex(term.text)}))`
    case 'before': return sql<boolean>`time < ${term.time}::timestamptz`
    case 'until': return sql<boolean>`time <= ${term.time}::timestamptz`
    case 'after': return sql<boolean>`time >= ${term.time}::timestamptz`
    case 'field': return toFieldCondition(term, words)
  }
}

/** A word may stand in a text as it is or by its stem. */
const waysOf = ({ kind, text }: Extract<Term, { kind: 'word' | 'phrase' }>, words: Words): Condition[] =>
  [contains(text, words), ...kind === 'word' ? [sql<boolean>`${words.stems} @@ neo_stem_query(${text})`] : []]

const contains = (text: string, { plain }: Words): Condition => hasTrigram(text)
  ? hasPart(plain, text)
  : sql<boolean>`position(neo_plain(${text}) in ${plain}) > 0`

/** `neo_plain` of a text that is short, without calling it where nothing has an accent: that takes a fifth of the time. */
const folded = (text: RawBuilder<unknown>): RawBuilder<string> => sql<string>`(case when octet_length(${text}) = length(${text}) then lower(${text}) else neo_plain(${text}) end)`

function toFieldCondition({ field, value, isPrefix }: Extract<Term, { kind: 'field' }>, words: Words): Condition {
  const isAlike = (left: RawBuilder<unknown>): Condition => isPrefix ? sql<boolean>`starts_with(${left}, neo_plain(${value}))` : sql<boolean>`${left} = neo_plain(${value})`
  const matches = (left: RawBuilder<unknown>): Condition => isAlike(folded(left))
  if (!isOwnField(field)) return matches(words.field(field))
  switch (field) {
    // Ours, and folded already.
    case 'type': return isAlike(sql`type`)
    case 'from': return sql<boolean>`(${matches(sql`actor ->> 'id'`)} or ${matches(sql`actor ->> 'type'`)})`
    case 'channel': return sql<boolean>`(${matches(sql`channel`)} or position(${`:${value}${isPrefix ? '' : ':'}`} in channel || ':') > 0)`
  }
}

const escapeRegex = (text: string): string => text.replace(/[^\p{L}\p{N}\s]/gu, '\\$&')
