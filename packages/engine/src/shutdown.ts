/** Closing: clients are told to come back, a few at a time, so that they do not all arrive elsewhere at once. */
import type { Connection, Shared } from './connection.ts'
import type { Clock } from './clock.ts'
import { DISCONNECTS, isDisconnect } from './disconnects.ts'
import type { Disconnect } from './disconnects.ts'
import { EngineError } from './errors.ts'

/** Options of `close`. */
export interface CloseOptions {
  /** @default 3001: clients reconnect */
  readonly code?: number
  /** @default 'shutdown' */
  readonly reason?: string
  /** Time over which the connections are closed, in milliseconds. @default 0 */
  readonly spreadMs?: number
}

/** Connections are closed in steps of this length. */
const STEP_MS = 10

/** Closes every connection and resolves when all sockets are gone. */
export async function closeConnections({ roster }: Pick<Shared, 'roster'>, clock: Clock, options: CloseOptions): Promise<void> {
  const { code = DISCONNECTS.shutdown.code, reason = DISCONNECTS.shutdown.reason, spreadMs = 0 } = options
  if (!isDisconnect({ code, reason })) throw new EngineError('badRequest', 'code must be 3000–4999 and reason at most 123 bytes')
  const open = [...roster.open]
  // Who came and went already is awaited as well: `gone` resolves for every connection once.
  const gone = open.map(connection => connection.gone)
  const steps = Math.max(1, Math.ceil(spreadMs / STEP_MS))
  await inSteps(clock, steps, step => { closeSlice(open, { code, reason }, { step, steps }) })
  await Promise.all(gone)
}

function closeSlice(open: readonly Connection[], disconnect: Disconnect, { step, steps }: { step: number, steps: number }): void {
  const from = Math.floor(open.length * step / steps)
  const to = Math.floor(open.length * (step + 1) / steps)
  for (const connection of open.slice(from, to)) connection.disconnect(disconnect)
}

/** The first step at once, so that a close without spreading needs no timer. */
function inSteps(clock: Clock, steps: number, act: (step: number) => void): Promise<void> {
  act(0)
  if (steps === 1) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let step = 1
  const stop = clock.every(STEP_MS, () => {
    act(step++)
    if (step < steps) return
    stop()
    resolve(undefined)
  })
  return promise
}
