/**
 * Fossil deltas: a patch that makes one text of another by copying parts of it. Pure. The search is the format's usual one – blocks of
 * 16 bytes in a table, the longest match wins – because how many payloads come as patches depends on how short they get.
 * Format: `size LF` then `n@offset,` (copy) and `n:bytes` (insert), at the end `checksum;`; numbers in base 64.
 */

const BLOCK = 16
/** Candidates looked at for one place, so that a text of equal blocks costs no square of its length. */
const MAX_CANDIDATES = 249
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~'

/** A part of the target that the source has. */
interface Match {
  /** Where it starts in the target. */
  readonly at: number
  /** Where it starts in the source. */
  readonly from: number
  readonly count: number
}

/** The patch from `source` to `target`, or `target` itself where a patch would not be shorter. */
export function createPatch(source: string, target: string): { readonly data: string, readonly isPatch: boolean } {
  const bytes = Buffer.from(target)
  const patch = encodeDelta(Buffer.from(source), bytes)
  return Buffer.byteLength(patch) < bytes.length ? { data: patch, isPatch: true } : { data: target, isPatch: false }
}

function encodeDelta(source: Buffer, target: Buffer): string {
  const parts = [`${digits(target.length)}\n`]
  let base = 0
  const insert = (end: number): void => {
    if (end > base) parts.push(`${digits(end - base)}:${target.toString('utf8', base, end)}`)
  }
  if (source.length > BLOCK) {
    for (const { at, from, count } of matches(source, target)) {
      insert(at)
      parts.push(`${digits(count)}@${digits(from)},`)
      base = at + count
    }
  }
  insert(target.length)
  parts.push(`${digits(checksum(target))};`)
  return parts.join('')
}

/** Matches from the start of the target to its end. */
function* matches(source: Buffer, target: Buffer): IterableIterator<Match> {
  const table = createTable(source)
  let base = 0
  while (base + BLOCK < target.length) {
    const match = findMatch(table, target, base)
    if (!match) return
    const whole = toWholeCharacters(match, target)
    if (whole.count > 0) yield whole
    base = match.at + match.count
  }
}

/** A patch is text: what stands between copies must not start or end within a character. */
function toWholeCharacters({ at, from, count }: Match, target: Buffer): Match {
  let start = at
  let end = at + count
  while (start < end && isContinuation(target, start)) start++
  while (end > start && end < target.length && isContinuation(target, end)) end--
  return { at: start, from: from + start - at, count: end - start }
}

const isContinuation = (bytes: Buffer, at: number): boolean => (byteAt(bytes, at) & 0xc0) === 0x80

interface Table {
  readonly source: Buffer
  readonly size: number
  /** Last block of each hash. */
  readonly landmarks: Int32Array
  /** Block before it with the same hash. */
  readonly collisions: Int32Array
}

function createTable(source: Buffer): Table {
  const size = Math.floor(source.length / BLOCK)
  const landmarks = new Int32Array(size).fill(-1)
  const collisions = new Int32Array(size).fill(-1)
  for (let at = 0; at < source.length - BLOCK; at += BLOCK) {
    const hash = hashOf(startHash(source, at)) % size
    collisions[at / BLOCK] = landmarks[hash] ?? -1
    landmarks[hash] = at / BLOCK
  }
  return { source, size, landmarks, collisions }
}

/** The best match at the first place at or after `base` that has one. */
function findMatch(table: Table, target: Buffer, base: number): Match | undefined {
  let hash = startHash(target, base)
  for (let at = base; ; at++) {
    const match = bestMatch(table, target, { at, base, hash: hashOf(hash) })
    if (match) return match
    if (at + BLOCK >= target.length) return undefined
    hash = nextHash(hash, byteAt(target, at), byteAt(target, at + BLOCK))
  }
}

interface Place {
  readonly at: number
  readonly base: number
  readonly hash: number
}

function bestMatch(table: Table, target: Buffer, { at, base, hash }: Place): Match | undefined {
  let best: Match | undefined
  let block = table.landmarks[hash % table.size] ?? -1
  for (let left = MAX_CANDIDATES; block >= 0 && left > 0; left--) {
    const match = extend(table.source, target, { from: block * BLOCK, at, base })
    const cost = digits(match.at - base).length + digits(match.count).length + digits(match.from).length + 3
    if (match.count >= cost && match.count > (best?.count ?? 0)) best = match
    block = table.collisions[block] ?? -1
  }
  return best
}

/** How far two places agree, forwards and back to what is not written yet. */
function extend(source: Buffer, target: Buffer, { from, at, base }: { from: number, at: number, base: number }): Match {
  const limit = Math.min(source.length - from, target.length - at)
  let forward = 0
  while (forward < limit && source[from + forward] === target[at + forward]) forward++
  let back = 0
  while (back + 1 < from && at - back > base && source[from - back - 1] === target[at - back - 1]) back++
  return { at: at - back, from: from - back, count: forward + back }
}

/** A rolling hash: the sum of the bytes, and the sum weighted by their place. */
interface Rolling {
  readonly sum: number
  readonly weighted: number
}

function startHash(bytes: Buffer, at: number): Rolling {
  let sum = 0
  let weighted = 0
  for (let index = 0; index < BLOCK; index++) {
    const byte = byteAt(bytes, at + index)
    sum += byte
    weighted += byte * (BLOCK - index)
  }
  return { sum: sum & 0xffff, weighted: weighted & 0xffff }
}

function nextHash({ sum, weighted }: Rolling, leaving: number, entering: number): Rolling {
  const next = (sum - leaving + entering) & 0xffff
  return { sum: next, weighted: (weighted - BLOCK * leaving + next) & 0xffff }
}

const hashOf = ({ sum, weighted }: Rolling): number => (sum | weighted << 16) >>> 0

const byteAt = (bytes: Buffer, at: number): number => bytes[at] ?? 0

/** Sum of the big-endian 32-bit words, the last one filled with zeros. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 4) {
    const word = byteAt(bytes, at) << 24 | byteAt(bytes, at + 1) << 16 | byteAt(bytes, at + 2) << 8 | byteAt(bytes, at + 3)
    sum = (sum + word) >>> 0
  }
  return sum
}

function digits(value: number): string {
  let text = DIGITS.charAt(value % 64)
  for (let rest = Math.floor(value / 64); rest > 0; rest = Math.floor(rest / 64)) text = DIGITS.charAt(rest % 64) + text
  return text
}
