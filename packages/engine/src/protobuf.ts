/** The Protobuf wire format, as much as the protocol needs: varints and length-delimited fields. */

/** What can't be read as Protobuf. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** A field as it stands on the wire. */
interface WireField {
  readonly number: number
  readonly value: bigint | Buffer
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const MAX_VARINT_BYTES = 10

/** Reads a buffer from its start. Every method throws `WireError` on what is cut off or malformed. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << BigInt(index * 7)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new WireError('a varint does not end')
  }

  /** Bytes after their length. */
  delimited(): Buffer {
    return this.#take(Number(this.varint()))
  }

  field(): WireField {
    const tag = Number(this.varint())
    const number = Math.floor(tag / 8)
    if (number === 0) throw new WireError('a field has no number')
    switch (tag % 8) {
      case VARINT: return { number, value: this.varint() }
      case FIXED64: return { number, value: this.#take(8) }
      case BYTES: return { number, value: this.delimited() }
      case FIXED32: return { number, value: this.#take(4) }
      default: throw new WireError('a field has an unknown kind')
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new WireError('a field is cut off')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}

/** The last value of each field of a message; what repeats keeps its last, which is all the protocol's commands need. */
export function readMessage(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> {
  const reader = new WireReader(bytes)
  const fields = new Map<number, bigint | Buffer>()
  while (!reader.isAtEnd) {
    const { number, value } = reader.field()
    fields.set(number, value)
  }
  return fields
}

/** Every value of one field, in order. */
export function readRepeated(bytes: Buffer, wanted: number): (bigint | Buffer)[] {
  const reader = new WireReader(bytes)
  const values: (bigint | Buffer)[] = []
  while (!reader.isAtEnd) {
    const { number, value } = reader.field()
    if (number === wanted) values.push(value)
  }
  return values
}

/** A varint's bytes, for whole numbers from 0. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push(rest % 0x80 + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** A field that is left out when zero, as in proto3. */
export function field(number: number, value: string | number | boolean | undefined): Buffer {
  if (typeof value === 'string') return value === '' ? NOTHING : message(number, Buffer.from(value))
  const whole = Number(value ?? 0)
  return whole === 0 ? NOTHING : Buffer.concat([varint(number * 8 + VARINT), varint(whole)])
}

/** A length-delimited field, also when it is empty. */
export const message = (number: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(number * 8 + BYTES), varint(body.length), body])
}

/** Puts a message's length in front of it. */
export const delimit = (...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

const NOTHING = Buffer.alloc(0)
