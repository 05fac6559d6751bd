/**
 * What must not stand in a log is replaced before it is stored: secrets that are known, in every form in which programs print them,
 * and what looks like one. Pure.
 */

/** What stands in a secret's place. */
export const REDACTED = '***'

/** What stands in the place of a line of a private key, and says that the key goes on. */
export const REDACTED_KEY_LINE = '*** private key ***'

/** Secrets that are shorter, in bytes of UTF-8, would blot out ordinary words. */
const SHORTEST = 6

/** Characters that a pattern may take: a text that is cut there is searched as a whole. */
const LONGEST_PATTERN = 1024

/** Takes secrets out of text. */
export interface Redaction {
  /** The text without secrets; what is redacted once stays as it is. */
  redact: (text: string) => string
  /** A text that goes on must keep this many characters back: a secret may have begun there. */
  hold: number
}

/** Makes a redaction. @param secrets known ones; what is shorter than six bytes is left out */
export function createRedaction(secrets: readonly string[] = []): Redaction {
  const needles = [...new Set(secrets.filter(secret => bytesOf(secret).length >= SHORTEST).flatMap(formsOf))].sort((a, b) => b.length - a.length)
  const known = needles.length > 0 ? new RegExp(needles.map(escape).join('|'), 'g') : undefined
  return {
    redact: text => redactPatterns(known ? redactKnown(text, known) : text),
    hold: Math.max(LONGEST_PATTERN, needles[0]?.length ?? 0),
  }
}

/** Taking one secret out may bring the parts of another together. */
function redactKnown(text: string, known: RegExp): string {
  let [before, after] = ['', text]
  for (let round = 0; before !== after && round < 4; round++) [before, after] = [after, after.replace(known, REDACTED)]
  return after
}

/** How a secret may stand in a text: as it is, escaped in JSON or an address, and inside of base64. */
function formsOf(secret: string): string[] {
  const bytes = bytesOf(secret)
  const encoded = [0, 1, 2].map(offset => toBase64Within(bytes, offset)).filter(text => text.length >= SHORTEST)
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed()), ...encoded, ...encoded.map(text => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

const bytesOf = (text: string): number[] =>
  [...encodeURIComponent(text.toWellFormed()).matchAll(/%([0-9A-F]{2})|[^%]/g)].map(([char, hex]) => hex === undefined ? char.charCodeAt(0) : Number.parseInt(hex, 16))

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The characters of base64 that bytes alone decide when `offset` others (mod 3) stand before them. */
function toBase64Within(bytes: readonly number[], offset: number): string {
  const bits = (index: number): number => {
    const at = index * 6 - offset * 8
    const pair = ((bytes[Math.floor(at / 8)] ?? 0) << 8) | (bytes[Math.floor(at / 8) + 1] ?? 0)
    return (pair >> (10 - (((at % 8) + 8) % 8))) & 63
  }
  const first = Math.ceil((offset * 8) / 6)
  const count = Math.max(0, Math.floor(((offset + bytes.length) * 8) / 6) - first)
  return Array.from({ length: count }, (_, index) => ALPHABET[bits(first + index)] ?? '').join('')
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)

/** Every repetition has a bound: a line is as long as a container likes. */
const patterns: readonly [RegExp, string][] = [
  // JSON Web Tokens.
  [/\beyJ[\w-]{5,400}\.eyJ[\w-]{5,500}(?:\.[\w-]{0,500})?/g, REDACTED],
  // Keys of services that mark them: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, and the like.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b(?:gh[opsru]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_(?:live|test)_|npm_|sk-|AIza|neo_)[\w-]{16,255}/g, REDACTED],
  // Addresses with a password.
  [/\b([a-z][a-z\d+.-]{0,20}:\/\/[^\s:@/]{0,200}:)[^\s@/]{1,300}@/gi, `$1${REDACTED}@`],
  [/\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token)\s{1,4})[^\s"',;]{1,900}/gi, `$1${REDACTED}`],
  [/\b([\w-]{0,60}(?:password|passwd|secret|token|api_?key|access_?key)=)(?!\*\*\*)(?:"[^"]{1,300}"|'[^']{1,300}'|[^\s"'&;,]{1,300})/gi, `$1${REDACTED}`],
  // A private key in one line.
  [/(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)(?:(?!-----END).){1,900}/g, `$1${REDACTED}`],
]

function redactPatterns(text: string): string {
  return patterns.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by), text)
}

const KEY_BEGINS = /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----\s*$/
/** Between the ends of a key stand base64 and, in old ones, headers. */
const KEY_GOES_ON = /^\s*(?:[\w+/=]{1,100}|(?:Proc-Type|DEK-Info): [\w,-]{1,80})?\s*$/

/** Whether a line may be inside of a private key, which its predecessor decides. */
export function mayBeKeyLine(text: string): boolean {
  return KEY_GOES_ON.test(text)
}

/** Whether a stored line says that a private key goes on behind it. */
export function isInsideKey(text: string | undefined): boolean {
  return text !== undefined && (text === REDACTED_KEY_LINE || KEY_BEGINS.test(text))
}

/** Redacts a line that follows another one of the same stream. @param before the redacted line before it */
export function redactLine({ redact }: Pick<Redaction, 'redact'>, text: string, before: string | undefined): string {
  return isInsideKey(before) && mayBeKeyLine(text) ? REDACTED_KEY_LINE : redact(text)
}
