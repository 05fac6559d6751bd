/** Reads the body of a server API request: as in proto3 a missing field has its zero value; a wrong type is a fault of the body. */
import { memberText } from './json-text.ts'

/** A body, or a part of it, that can't be read. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

const isString = (value: unknown): value is string => typeof value === 'string'
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)

/** Typed access to the members of an object. */
export class Fields {
  readonly #members: Members
  readonly #text: string | undefined

  /** `text` is where `members` were parsed from, when payloads are to stay as they were written. */
  constructor(members: unknown, text?: string) {
    if (members !== null && !isMembers(members)) throw new BodyError('an object is expected')
    this.#members = members ?? {}
    this.#text = text
  }

  string(name: string): string {
    return this.#read(name, '', isString)
  }

  boolean(name: string): boolean {
    return this.#read(name, false, isBoolean)
  }

  integer(name: string): number {
    return this.#read(name, 0, isInteger)
  }

  strings(name: string): readonly string[] {
    return this.#read(name, [], (value): value is string[] => Array.isArray(value) && value.every(item => typeof item === 'string'))
  }

  list(name: string): readonly unknown[] {
    return this.#read(name, [], (value): value is unknown[] => Array.isArray(value))
  }

  object(name: string): Fields | undefined {
    const value = this.#read(name, undefined, isMembers)
    return value && new Fields(value)
  }

  /** An object as it is. */
  members(name: string): Members | undefined {
    return this.#read(name, undefined, isMembers)
  }

  /** Text members of an object, such as tags. */
  texts(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, undefined, (value): value is Record<string, string> =>
      isMembers(value) && Object.values(value).every(item => typeof item === 'string'))
  }

  /** JSON text of a member, as it was written where that is known. */
  json(name: string): string | undefined {
    if (!Object.hasOwn(this.#members, name)) return undefined
    return this.#text === undefined ? JSON.stringify(this.#members[name]) : memberText(this.#text, name)
  }

  #read<T, Z>(name: string, zero: Z, is: (value: unknown) => value is T): T | Z {
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined
    if (value === undefined || value === null) return zero
    if (!is(value)) throw new BodyError(`${name} has a wrong type`)
    return value
  }
}
