/** What a failed transaction means: whether the database was away, and whether trying again makes sense. Pure. */

const CONNECTION_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', '57P01', '57P02', '57P03', '57014', '53300'])

/** A transaction that met another one: unique violation, deadlock, serialization. */
const COLLISION_CODES: ReadonlySet<string> = new Set(['23505', '40P01', '40001'])

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null | undefined)?.code ?? '')

/** Whether the database could not be reached or went away; whether a commit was carried out is then not known. */
export function isConnectionFault(error: unknown): boolean {
  const code = codeOf(error)
  return CONNECTION_CODES.has(code) || code.startsWith('08') || (error instanceof Error && /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/i.test(error.message))
}

/** Whether a lock was not to be had within its time, or two waited for each other. */
export function isLockFault(error: unknown): boolean {
  return codeOf(error) === '55P03' || codeOf(error) === '40P01'
}

/** Whether another transaction was in the way: the same work may succeed now. */
export function isCollision(error: unknown): boolean {
  return COLLISION_CODES.has(codeOf(error))
}
