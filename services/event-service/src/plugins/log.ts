/**
 * What of a request and of an error may stand in a log. Nothing a caller sent does: no header, no query, no body, and of the address only
 * the route's pattern. Of an error its kind, its place and its sentence without what it quotes; a database's error holds the values it was
 * given in fields of its own. Pure.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'

/** Our API keys, anybody's JWT, and bearers of any kind. */
const CREDENTIAL = /neo_[\w-]{20,}|eyJ[\w-]{8,}(?:\.[\w-]*){1,4}|\b(?:Bearer|Basic)\s+[\w.~+/=-]+/gi

/** User, password, path and query of an address; the host says enough. */
const ADDRESS = /\b([a-z][a-z+]*:\/\/)(?:[^\s/@]*@)?([\w.:[\]-]+)[^\s"')]*/gi

/** What stands in quotes or braces is somebody's value, whatever it is the value of. */
const QUOTED = /"(?:[^"\\]|\\.)*"|(?<![a-z])'(?:[^'\\]|\\.)*'|`[^`]*`|\{.*\}|\[.*\]|\(.*\)=\(.*\)/gis

/** Characters of a sentence that are looked at: the patterns take longer than the length alone. */
const MAX_SEARCHED = 2000

/** What a cut left open is a value as well. */
const UNCLOSED = /(?:["`{[(]|(?<![a-z])').*$/is

/** Longest sentence of an error that is kept. */
const MAX_LENGTH = 300

/** How many errors of a chain of causes are kept. */
const MAX_DEPTH = 4

/** Fields of errors that name a thing of ours and hold nothing of a caller's. */
const NAMES = ['code', 'errno', 'syscall', 'severity', 'schema', 'table', 'column', 'constraint', 'routine', 'statusCode'] as const

/** Whether a text could be a credential that somebody put where an identifier goes. */
export function isLikeCredential(text: string): boolean {
  return text.search(CREDENTIAL) >= 0
}

/** A sentence without what it quotes, where it points to, and anything like a credential. */
function withoutValues(sentence: string): string {
  const shown = sentence.slice(0, MAX_SEARCHED).replace(CREDENTIAL, '…').replace(ADDRESS, '$1$2').replace(QUOTED, '…')
  return (sentence.length > MAX_SEARCHED ? shown.replace(UNCLOSED, '…') : shown).slice(0, MAX_LENGTH)
}

/** An error as it is logged; what is no error is only named by its kind. */
function toLoggedError(error: unknown, depth = 0): Record<string, unknown> | undefined {
  if (!(error instanceof Error)) return error === undefined ? undefined : { type: typeof error }
  const given = error as Error & Record<string, unknown>
  const names = NAMES.filter(name => ['string', 'number'].includes(typeof given[name])).map(name => [name, given[name]])
  // The stack begins with the sentence, which stands above it already.
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)).join('\n')
  const causes = depth < MAX_DEPTH ? [given.cause, ...error instanceof AggregateError ? error.errors.slice(0, MAX_DEPTH) : []].flatMap(cause => toLoggedError(cause, depth + 1) ?? []) : []
  return { type: error.constructor.name, message: withoutValues(error.message), ...Object.fromEntries(names) as object, stack: frames, ...causes.length > 0 && { causes } }
}

type Logged = Record<string, unknown>

/** For pino, in place of its own and Fastify's. */
export const logSerializers: {
  err: (error: unknown) => Logged | undefined
  error: (error: unknown) => Logged | undefined
  req: (request: FastifyRequest) => Logged
  res: (reply: FastifyReply) => Logged
} = {
  err: error => toLoggedError(error),
  error: error => toLoggedError(error),
  req: request => ({ method: request.method, route: request.routeOptions?.url ?? 'none', remoteAddress: request.ip }),
  res: reply => ({ statusCode: reply.statusCode }),
}
