/** What of a query the index of words answers, and whether to ask it or to go on through the log after a look at the newest events. Pure. */

import { isOwnField, type Query } from './grammar.ts'

/** Events of the first look. */
export const WINDOW = 500

/** A query as two, both of which must hold. */
export interface Parts {
  /** What the index of words answers; empty when it has no answer that saves anything. */
  words: Query
  /** Everything else. */
  rest: Query
}

/** What the first look saw. */
export interface Seen {
  hits: number
  /** Events that the index would come back with. */
  indexed: number
  looked: number
  /** Events there are in all, about. */
  total: number
  wanted: number
  /** Events of which everything holds that they say without their words ({@link narrowing}): only of those the words are looked at. */
  narrowed: number
}

/** The next step: through so many more events, or the index. */
export type NextStep = { step: 'walk', window: number } | { step: 'index' }

/** What comes back from the index costs more than an event that is walked over: it is fetched, looked at and sorted with all others. */
const INDEX_COST = 2

/** What asking the index costs before anything comes back, in events that are walked over: the lists of parts of words are long. */
const INDEX_ASKED = 1000

/** What walking over an event costs whose words need not be looked at, as a part of one whose words are. */
const WORDLESS_COST = 0.25

/** Nobody walks further, in events whose words are looked at. */
const MAX_WALK = 40_000

/** Chance is not evenly spread: a walk may be so many times longer than expected. */
const SLACK = 2

/** Whether anything is asked. */
export const isEmpty = (query: Query): boolean => query.kind === 'all' && query.of.length === 0

/** Whether a query asks for words, among others. */
export const asksForWords = (query: Query): boolean => 'of' in query
  ? [query.of].flat().some(asksForWords)
  : isWord(query)

/** Takes a query apart. */
export function toParts(query: Query): Parts {
  const all = toList(query)
  const words = all.filter(isForIndex)
  // What must not stand in an event is no way to find it.
  if (!words.some(part => part.kind !== 'not')) return { words: { kind: 'all', of: [] }, rest: query }
  return { words: { kind: 'all', of: words }, rest: { kind: 'all', of: all.filter(part => !isForIndex(part)) } }
}

/** What must hold, one beside the other: who asks puts a query beside what else is asked. */
const toList = (query: Query): readonly Query[] => query.kind === 'all' ? query.of.flatMap(toList) : [query]

const isWord = ({ kind }: Query): boolean => kind === 'word' || kind === 'phrase' || kind === 'prefix'

/** A text of one or two characters has no trigram: the index would be read as a whole, so it is not asked for such a text. */
export const hasTrigram = (text: string): boolean => [...text].length > 2

/** Whether the index answers it; within `any`, what must not stand there says nothing to it. */
function isForIndex(query: Query): boolean {
  if (query.kind === 'not') return isForIndex(query.of)
  return 'of' in query ? query.of.every(part => part.kind !== 'not' && isForIndex(part)) : isWord(query) && 'text' in query && hasTrigram(query.text)
}

/** Channels that hold a smaller part of a tenant's events are read and sorted rather than looked for along all of them. */
export const WALKED_PART = 0.1

/** What of the rest of a query is decided without words. */
export const narrowing = ({ rest }: Parts): Query => ({ kind: 'all', of: toList(rest).filter(part => !asksForWords(part)) })

/** What of a query neither words nor data decide. */
export const ownTerms = (query: Query): Query => ({ kind: 'all', of: toList(query).filter(isOwn) })

const isOwn = (query: Query): boolean => 'of' in query
  ? [query.of].flat().every(isOwn)
  : query.kind === 'field' ? isOwnField(query.field) : !isWord(query)

/** Decides. What was rare among the newest is taken for rare everywhere: the index is right in any case, only slower for common words. */
export function planNext({ hits, indexed, looked, narrowed, total, wanted }: Seen): NextStep {
  const cost = WORDLESS_COST + (1 - WORDLESS_COST) * narrowed / looked
  const expected = hits === 0 ? Infinity : wanted * looked / hits
  const window = Math.min(Math.ceil(expected * SLACK), total)
  return window * cost <= MAX_WALK && Math.min(expected, total) * cost <= INDEX_ASKED + total * indexed / looked * INDEX_COST ? { step: 'walk', window } : { step: 'index' }
}
