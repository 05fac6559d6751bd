/** Asks a hook; one that throws or answers nonsense refuses, because nothing is allowed by mistake. */
import { isDisconnect } from './disconnects.ts'
import { EngineError } from './errors.ts'
import type { HookAnswer, Verdict, Veto } from './hooks.ts'
import type { Refusal } from './outcome.ts'
import type { Ports } from './session.ts'

/** A deciding hook's veto, or `failure` when it threw. */
export async function ask(ports: Ports, failure: Refusal, hook: () => Verdict | Promise<Verdict>): Promise<Veto | undefined> {
  try {
    return checked(await hook())
  } catch (error) {
    ports.onFault(error)
    return failure
  }
}

/** What to make of an answering hook's word. */
export interface Question<R, T> {
  /** When the hook, or `read`, throws. */
  readonly failure: T
  readonly hook: () => HookAnswer<R> | Promise<HookAnswer<R>>
  /** Reads a result. May throw. */
  readonly read: (result: R) => T
}

/** What an answering hook grants, its refusal, or undefined when it has no word. */
export async function consult<R, T>(ports: Ports, { failure, hook, read }: Question<R, T>): Promise<T | Veto | undefined> {
  try {
    const answer = (await hook()) ?? undefined
    if (answer && 'result' in answer) return read(answer.result)
    return checked(answer)
  } catch (error) {
    ports.onFault(error)
    return failure
  }
}

function checked(verdict: Verdict): Veto | undefined {
  const veto = verdict ?? undefined
  if (veto && !isSendable(veto)) throw new EngineError('badRequest', `a hook refused with ${JSON.stringify(veto)}`)
  return veto
}

/** A close code that is none would make the transport throw; an error code of 0 would be no error. */
function isSendable(veto: Veto): boolean {
  if ('disconnect' in veto) return isDisconnect(veto.disconnect)
  return Number.isInteger(veto.error.code) && veto.error.code >= 100 && veto.error.code <= 1_999
}
