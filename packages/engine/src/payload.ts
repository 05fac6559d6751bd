/** Payloads of the in-process API: any JSON value, or text that is JSON already. */
import type { ChannelRules } from './config.ts'
import { EngineError } from './errors.ts'
import { oneLine } from './publication.ts'
import type { Json } from './publication.ts'

/** JSON text that is not encoded again. A class of its own, so that no data that merely looks like it can be taken for it. */
export class EncodedJson {
  readonly json: Json
  constructor(json: string) {
    this.json = oneLine(json)
  }
}

/** Marks text as JSON already encoded. It must be one valid JSON value: it is not parsed, and goes out as it is. */
export const encodedJson = (json: string): EncodedJson => new EncodedJson(json)

/** Text of a payload. Throws `EngineError` 107 for what JSON can't say (undefined, functions, cycles, bigints). */
export function toJson(data: unknown): Json {
  if (data instanceof EncodedJson) return data.json
  const text = stringify(data)
  if (text === undefined) throw new EngineError('badRequest', 'data must be a JSON value')
  return text
}

/** The same for a payload that may be absent. */
export const toOptionalJson = (data: unknown): Json | undefined => (data === undefined ? undefined : toJson(data))

/** Whether a payload is what the channel carries; `json` is valid JSON already. */
export function fitsFormat(json: Json, { publicationDataFormat }: Pick<ChannelRules, 'publicationDataFormat'>): boolean {
  return publicationDataFormat === 'json' || json.trimStart().startsWith('{')
}

function stringify(data: unknown): string | undefined {
  try {
    return JSON.stringify(data) as string | undefined
  } catch (error) {
    throw new EngineError('badRequest', 'data must be a JSON value', { cause: error })
  }
}
