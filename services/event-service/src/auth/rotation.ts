/**
 * Signing keys that rotate while the service runs: a new key signs from now on, the one before verifies until the last token it signed
 * has ended. What was changed is kept before it is used, so that no token outlives the keys of a killed process.
 */

import { createTurns } from '../in-turn.ts'
import { createKeySet, readKeySet, type KeySet, type KeySetJson } from './keys.ts'

/** What rotation needs. */
export interface RotationOptions {
  keys: KeySet
  /** Keeps the set, for example in a file of mode 0600. */
  keep: (json: KeySetJson) => void
  now?: () => number
  /** Told when a key could not be taken out; the next rotation does it. */
  onFault?: (error: unknown) => void
}

/** A key set that can be rotated. */
export interface RotatingKeys extends KeySet {
  /** @returns the `kid` that signs now */
  rotate: () => Promise<string>
  /** Takes out the keys whose last token has ended. */
  retire: () => Promise<void>
}

/** Longer than any token lives, by half a minute for clocks that differ. Milliseconds. */
const KEEP_MS = 330_000

/** Makes a set rotate; keys that ended while no process ran are taken out at once. */
export async function createRotatingKeys({ keys, keep, now = Date.now, onFault = () => undefined }: RotationOptions): Promise<RotatingKeys> {
  let current = keys
  /** One change after the other: two at once would lose a key. */
  const inTurn = createTurns()
  const change = async (json: KeySetJson): Promise<void> => {
    const next = await readKeySet(json)
    keep(json)
    current = next
  }
  const retire = (): Promise<void> => inTurn(async () => {
    const json = current.toJSON()
    const kept = withoutEnded(json, now())
    if (kept.keys.length < json.keys.length) await change(kept)
  })
  const rotate = (): Promise<string> => inTurn(async () => {
    const { secret, keys: before, retired = {} } = current.toJSON()
    const [fresh] = (await createKeySet()).toJSON().keys
    if (!fresh) throw new TypeError('no key was made')
    await change(withoutEnded({ secret, keys: [fresh, ...before], retired: { ...retired, [current.signing.kid]: now() } }, now()))
    setTimeout(() => { retire().catch(onFault) }, KEEP_MS + 1000).unref()
    return current.signing.kid
  })
  await retire()
  return {
    get signing() { return current.signing },
    get verifying() { return current.verifying },
    get secret() { return current.secret },
    get jwks() { return current.jwks },
    toJSON: () => current.toJSON(),
    rotate, retire,
  }
}

/** The first key signs and stays. */
function withoutEnded({ secret, keys: [signing, ...others], retired = {} }: KeySetJson, now: number): KeySetJson {
  const running = others.filter(({ kid = '' }) => (retired[kid] ?? now) + KEEP_MS > now)
  const kids = new Set(running.map(({ kid }) => kid))
  return { secret, keys: [...signing ? [signing] : [], ...running], retired: Object.fromEntries(Object.entries(retired).filter(([kid]) => kids.has(kid))) }
}
