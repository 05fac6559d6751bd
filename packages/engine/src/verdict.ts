/** Asks a deciding hook; one that throws or answers nonsense refuses, because nothing is allowed by mistake. */
import { isDisconnect } from './disconnects.ts'
import { EngineError } from './errors.ts'
import type { Verdict, Veto } from './hooks.ts'
import type { Refusal } from './outcome.ts'
import type { Ports } from './session.ts'

/** The hook's veto, or `failure` when it threw. */
export async function ask(ports: Ports, failure: Refusal, hook: () => Verdict | Promise<Verdict>): Promise<Veto | undefined> {
  try {
    const verdict = (await hook()) ?? undefined
    if (verdict && !isSendable(verdict)) throw new EngineError('badRequest', `a hook refused with ${JSON.stringify(verdict)}`)
    return verdict
  } catch (error) {
    ports.onFault(error)
    return failure
  }
}

/** A close code that is none would make the transport throw; an error code of 0 would be no error. */
function isSendable(veto: Veto): boolean {
  if ('disconnect' in veto) return isDisconnect(veto.disconnect)
  return Number.isInteger(veto.error.code) && veto.error.code >= 100 && veto.error.code <= 1_999
}
