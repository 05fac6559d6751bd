/**
 * A statement with parameters as one message to PGlite. Its own `query` sends five, each a way into WebAssembly and back, and asks what types
 * the parameters have before it writes them down: that costs twice what the statement does. Here they are texts, as node-postgres sends them,
 * and PostgreSQL finds their types.
 */

import { parse, protocol, types, type PGlite, type Results } from '@electric-sql/pglite'
import { createTurns } from '../in-turn.ts'
import { nameOf } from './prepared.ts'

/** What of PGlite runs statements. */
export type Statements = Pick<PGlite, 'query' | 'exec'>

const { serialize } = protocol

/** Statements on a PGlite, one after the other in the order in which they are asked. Who asks sees to it that nobody else's come in between. */
export function createStatements(pglite: PGlite): Statements {
  const prepared = new Set<string>()
  const sendNow = async (messages: readonly Uint8Array[]): Promise<Results[]> => parse.parseResults(await pglite.execProtocolStream(Buffer.concat(messages), {}), pglite.parsers) as Results[]
  const inTurn = createTurns()
  // PGlite reads what comes back into one place: of two that overlap the first would be given the second's.
  const send = (messages: readonly Uint8Array[]): Promise<Results[]> => inTurn(() => sendNow(messages))
  const run = (statement: string, parameters: readonly unknown[]): Uint8Array[] =>
    [serialize.bind({ statement, values: parameters.map(toParameter) }), serialize.describe({ type: 'P' }), serialize.execute({}), serialize.sync()]
  return {
    query: async <T>(text: string, parameters: readonly unknown[] = []) => {
      const name = nameOf(text) ?? ''
      if (prepared.has(name)) return (await send(run(name, parameters)))[0] as Results<T>
      try {
        const [result] = await send([serialize.parse({ text, name }), ...run(name, parameters)])
        if (name) prepared.add(name)
        return result as Results<T>
      } catch (error) {
        // Whether it got so far is not told; one that is not there may be closed as well.
        if (name) await send([serialize.close({ type: 'S', name }), serialize.sync()])
        throw error
      }
    },
    exec: text => send([serialize.query(text)]),
  }
}

/** A value as PostgreSQL reads it; bytes stay as they are. */
export function toParameter(value: unknown): string | Uint8Array | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return types.arraySerializer(value, toElement, 0)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** An element of an array: bytes in their text form. */
function toElement(value: unknown): string {
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(toParameter(value))
}
