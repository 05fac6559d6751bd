/** Bytes that look like input but are not: what is valid, mutated in the ways that break readers, from a seed that is printed. */

/** Numbers in [0, 1) that a seed decides: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const TOKENS = [
  'null', '{}', '[]', '""', '0', '-1', '1e309', '1.5', '4294967296', '9007199254740993', 'true', '"__proto__"', '"constructor"', '{"__proto__":{"x":1}}', '\\u0000', '\\ud800',
  '\n', '\r\n', ',', ':', '"', '\\', '{', '}', '[', ']', '\uFEFF', '\u2028', '['.repeat(300), '{"a":'.repeat(300), '"\\', '\u0000',
].map(text => Buffer.from(text))
const BYTES = [[0], [255], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [128, 128, 128, 128, 0], [8, 1], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [10, 255, 255, 255, 7]].map(bytes => Buffer.from(bytes))

/** Makes inputs out of seeds. */
export function createMutator(seeds: readonly Buffer[], random: () => number): () => Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (list: readonly Buffer[]): Buffer => list[below(list.length)] ?? Buffer.alloc(0)
  const noise = (): Buffer => Buffer.from(Array.from({ length: below(40) }, () => below(256)))
  const mutations: readonly ((input: Buffer) => Buffer)[] = [
    input => input.subarray(0, below(input.length + 1)),
    input => input.subarray(below(input.length + 1)),
    input => splice(input, below(input.length + 1), pick(TOKENS)),
    input => splice(input, below(input.length + 1), pick(BYTES)),
    input => splice(input, below(input.length + 1), pick(seeds)),
    input => splice(input, below(input.length + 1), noise()),
    input => flip(input, below(input.length), 1 << below(8)),
    input => Buffer.concat([input, pick([Buffer.from('\n'), Buffer.alloc(0)]), pick(seeds)]),
    input => replace(input, { at: below(input.length), length: below(8), by: pick(TOKENS) }),
  ]
  return () => {
    let input = random() < 0.05 ? noise() : pick(seeds)
    for (let rounds = 1 + below(4); rounds > 0; rounds--) input = mutations[below(mutations.length)]?.(input) ?? input
    return input
  }
}

const splice = (input: Buffer, at: number, part: Buffer): Buffer => Buffer.concat([input.subarray(0, at), part, input.subarray(at)])
const replace = (input: Buffer, { at, length, by }: { at: number, length: number, by: Buffer }): Buffer => Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)])

function flip(input: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(input)
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ bit
  return copy
}
