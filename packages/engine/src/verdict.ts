/** Asks a deciding hook; one that throws refuses, because nothing is allowed by mistake. */
import type { Verdict, Veto } from './hooks.ts'
import type { Refusal } from './outcome.ts'
import type { Ports } from './session.ts'

/** The hook's veto, or `failure` when it threw. */
export async function ask(ports: Ports, failure: Refusal, hook: () => Verdict | Promise<Verdict>): Promise<Veto | undefined> {
  try {
    return (await hook()) ?? undefined
  } catch (error) {
    ports.onFault(error)
    return failure
  }
}
