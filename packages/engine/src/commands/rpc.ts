/** `rpc` and `send`: calls and messages to the application, which the engine only carries. */
import type { Request } from '../command.ts'
import { disconnect } from '../disconnects.ts'
import { refuse } from '../errors.ts'
import { reply } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { toOptionalJson } from '../payload.ts'
import { hookRequest } from '../session.ts'
import type { Ports, Session } from '../session.ts'
import { consult } from '../verdict.ts'

/** Asks the application; without a hook there is no such service, without an answer no such method. */
export async function rpc(session: Session, { method, data }: Request<'rpc'>, ports: Ports): Promise<Outcome> {
  const { hooks } = ports
  if (!hooks.rpc) return refuse('notAvailable')
  const asked = { ...hookRequest(session), method, data }
  const answered = await consult<{ readonly data?: unknown }, Outcome>(ports, {
    failure: refuse('internal'),
    hook: () => hooks.rpc?.(asked),
    read: result => reply({ method: 'rpc', data: toOptionalJson(result.data) }),
  })
  return answered ?? refuse('methodNotFound')
}

/** Hands a message over; nothing is replied. */
export function send(session: Session, { data }: Request<'send'>, ports: Ports): Outcome {
  if (!ports.hooks.onMessage) return disconnect('notAvailable')
  return { result: undefined, effects: [{ type: 'message', request: { ...hookRequest(session), data } }] }
}
