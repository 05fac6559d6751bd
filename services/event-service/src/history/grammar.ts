/**
 * The search grammar: words, "a phrase", prefix*, -not, a OR b, type: from: channel: severity: before: after: and field:value.
 * Terms are joined by "and"; OR joins its two neighbours and binds closer. Every text can be read: what makes no sense is a fault
 * with its place, never an exception. Pure.
 */

/** What one term asks for. */
export type Term =
  | { kind: 'word', text: string }
  | { kind: 'phrase', text: string }
  | { kind: 'prefix', text: string }
  | { kind: 'field', field: string, value: string, isPrefix: boolean }
  | { kind: 'before', time: string }
  | { kind: 'after', time: string }
  | { kind: 'until', time: string }

/** A query: terms under all, any and not. `all` of nothing is everything. */
export type Query = Term | { kind: 'all', of: readonly Query[] } | { kind: 'any', of: readonly Query[] } | { kind: 'not', of: Query }

/** What {@link parseQuery} says. */
export interface ParsedQuery {
  query: Query
  /** A sentence for each term that makes no sense. */
  faults: string[]
}

/** More terms are refused: each costs a look into the index. */
const MAX_TERMS = 32

interface Token {
  isNot: boolean
  field: string | undefined
  text: string
  isQuoted: boolean
}

/** A dash negates what follows it; alone it is a word like any other. Matches wherever a character is not white space. */
const TOKEN = /(?<not>-(?=\S))?(?:(?<field>[a-z][\w.]{0,63}):(?!\/\/|\s|$))?(?:"(?<quoted>[^"]*)(?:"|$)|(?<bare>[^\s"]+))/gi

/** Reads a query. */
export function parseQuery(text: string): ParsedQuery {
  const faults: string[] = []
  const tokens = tokenize(text)
  if (tokens.length > MAX_TERMS) return { query: { kind: 'all', of: [] }, faults: [`at most ${MAX_TERMS} terms`] }
  const parts: Query[][] = []
  let isJoined = false
  for (const token of tokens) {
    if (isOr(token)) {
      isJoined = parts.length > 0
      continue
    }
    const one = toQuery(token, faults)
    if (!one) continue
    if (isJoined) parts.at(-1)?.push(one)
    else parts.push([one])
    isJoined = false
  }
  return { query: join('all', parts.map(part => join('any', part))), faults }
}

const isOr = ({ text, field, isNot, isQuoted }: Token): boolean => text === 'OR' && field === undefined && !isNot && !isQuoted

function join(kind: 'all' | 'any', of: readonly Query[]): Query {
  const [only] = of
  return only && of.length === 1 ? only : { kind, of }
}

function tokenize(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map(({ groups = {} }) => {
    const { not, field, quoted, bare = '' } = groups
    return { isNot: not !== undefined, field, text: quoted ?? bare, isQuoted: quoted !== undefined }
  })
}

function toQuery(token: Token, faults: string[]): Query | undefined {
  const term = token.field === undefined ? toText(token) : toField(token.field, token, faults)
  if (!term) return undefined
  return token.isNot ? { kind: 'not', of: term } : term
}

function toText({ text, isQuoted }: Token): Term | undefined {
  const collapsed = text.replace(/\s+/g, ' ').trim()
  if (isQuoted) return collapsed === '' ? undefined : { kind: 'phrase', text: collapsed }
  if (/^[^*]+\*$/.test(collapsed)) return { kind: 'prefix', text: collapsed.slice(0, -1) }
  return collapsed === '' ? undefined : { kind: 'word', text: collapsed }
}

function toField(name: string, { text, isQuoted }: Token, faults: string[]): Term | undefined {
  const field = name.toLowerCase()
  if (text === '') return undefined
  if (field === 'before' || field === 'after') {
    const time = toTime(text)
    if (time === undefined) faults.push(`${field}: takes a date such as 2025-12-06 or 2025-12-06T14:30, not ${text.slice(0, 40)}`)
    return time === undefined ? undefined : { kind: field, time }
  }
  const isPrefix = !isQuoted && /^[^*]+\*$/.test(text)
  return { kind: 'field', field: known.has(field) ? field : name, value: isPrefix ? text.slice(0, -1) : text, isPrefix }
}

/** What is asked of an event itself; every other field is one of its data. */
const ownFields = ['type', 'from', 'channel'] as const

/** Whether a field is the event's own. */
export const isOwnField = (field: string): field is (typeof ownFields)[number] => ownFields.some(own => own === field)

const known: ReadonlySet<string> = new Set([...ownFields, 'severity'])

/** A date or a moment in UTC, as ISO 8601. */
function toTime(text: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text)
  if (!match) return undefined
  const [, date = '', minute = '00:00', second = ':00', zone = 'Z'] = match
  const time = Date.parse(`${date}T${minute}${second}${zone}`)
  // `2025-02-30` would roll over into March.
  const isReal = new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date) ?? false
  return Number.isNaN(time) || !isReal ? undefined : new Date(time).toISOString()
}
