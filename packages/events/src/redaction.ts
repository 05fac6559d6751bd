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

/** Characters that a pattern may take, as many as a line may have: a text that is cut there is searched as a whole. */
const LONGEST_PATTERN = 16_384

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
    redact: text => untilStable(text, before => redactPatterns(known ? before.replace(known, REDACTED) : before)),
    hold: Math.max(LONGEST_PATTERN, needles[0]?.length ?? 0),
  }
}

/** Taking one secret out may bring the parts of another together. */
function untilStable(text: string, redact: (text: string) => string): string {
  let [before, after] = ['', text]
  for (let round = 0; before !== after && round < 6; round++) [before, after] = [after, redact(after)]
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

const BEGIN = '-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----'
/** What a name ends with whose value is a secret. */
const NAMES = String.raw`(?:password|passwd|passphrase|secret|token|(?:api|access|secret)[_-]?key)`
/** A value up to its end, in quotes or without; the beginning of a private key stays, because the lines behind it are known by it. */
const VALUE = String.raw`(?!["'\\]{0,9}(?:\*\*\*|-----BEGIN))(?:(?:\\{1,8}["'][^"']+["']?|"(?:[^"\\]|\\.)+"?|'(?:[^'\\]|\\.)+'?)[^\s"'&;,)}\]]*|[^\s"'&;,\\][^\s"'&;,]*)`

/** A line is as long as a container likes: a repetition either has a bound or takes what it has run over. */
const patterns: readonly [RegExp, string][] = [
  // A private key in one line, up to its end or the line's; before the assignments, which would take its first word.
  [new RegExp(`(${BEGIN})(?:[^-]|-(?!----END))+`, 'g'), `$1${REDACTED}`],
  // JSON Web Tokens.
  [/\beyJ[\w-]{5,2000}\.eyJ[\w-]{5,}(?:\.[\w-]*)?/g, REDACTED],
  // Keys of services that mark them: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, and the like.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b(?:gh[opsru]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_(?:live|test)_|npm_|sk-|AIza)[\w-]{16,}/g, REDACTED],
  // Ours: names of containers and volumes begin alike, and have no upper case.
  [/\bneo_(?=[\w-]{0,42}[A-Z])[\w-]{16,}/g, REDACTED],
  // Addresses with a password.
  [/\b([a-z][a-z\d+.-]{0,20}:\/\/[^\s:@/]{0,200}:)[^\s@/]+@/gi, `$1${REDACTED}@`],
  [/\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token)\s{1,4})[^\s"',;]+/gi, `$1${REDACTED}`],
  // Assignments, headers, JSON, also as it stands inside of JSON. A word after "token:" is part of a sentence.
  [new RegExp(String.raw`\b(?!token: {1,4}[a-z]{1,20}(?!\S))([\w-]{0,60}${NAMES}\\{0,8}["']?\s{0,4}[:=]\s{0,4})${VALUE}`, 'gi'), `$1${REDACTED}`],
  [new RegExp(String.raw`(?<![\w-])(--[\w-]{0,60}${NAMES}\s{1,4})(?!-)${VALUE}`, 'gi'), `$1${REDACTED}`],
]

function redactPatterns(text: string): string {
  return patterns.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by), text)
}

const KEY_BEGINS = new RegExp(String.raw`${BEGIN}(?:\s*|\*\*\*)$`)
/** What programs write before a line: the name of a service, a time, a level. */
const PREFIX = String.raw`(?:.{0,200}[\s|:>\]])?`
/** Between the ends of a key stand base64, in lines or in one, and, in old ones, headers and an empty line. */
const keyLines: readonly RegExp[] = [
  /^[\w+/=]{0,16384}$/,
  // Behind words only what is no word.
  new RegExp(String.raw`^${PREFIX}(?:[\w+/]{16,16384}={0,2}|[\w+/]{2,15}={1,2}|(?:Proc-Type|DEK-Info): [\w,-]{1,80})$`),
  /^\S{0,100}\s{0,20}[|:>\]]$/,
  /^\d[\d:.TZ+-]{7,39}$/,
]

/** Whether a line may be inside of a private key, which its predecessor decides. */
export function mayBeKeyLine(text: string): boolean {
  const trimmed = text.trim()
  return keyLines.some(line => line.test(trimmed))
}

/** Whether a stored line says that a private key goes on behind it. */
export function isInsideKey(text: string | undefined): boolean {
  return text !== undefined && (text === REDACTED_KEY_LINE || KEY_BEGINS.test(text))
}

/** Redacts a line that follows another one of the same stream. @param before the redacted line before it */
export function redactLine({ redact }: Pick<Redaction, 'redact'>, text: string, before: string | undefined): string {
  return isInsideKey(before) && mayBeKeyLine(text) ? REDACTED_KEY_LINE : redact(text)
}
