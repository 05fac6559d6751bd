/** What a transaction reads once, however many events it writes. */

import type { Tx } from './database.ts'

/**
 * Keeps what `read` gives for as long as the transaction lasts, by key: projections run for each event, and on the embedded database a
 * statement costs as much as several rows. For what the transaction itself does not change.
 */
export function perTransaction<T>(read: (tx: Tx, key: string) => Promise<T>): (tx: Tx, key: string) => Promise<T> {
  const kept = new WeakMap<Tx, Map<string, Promise<T>>>()
  return (tx, key) => {
    const own = kept.get(tx) ?? new Map<string, Promise<T>>()
    kept.set(tx, own)
    const found = own.get(key) ?? read(tx, key)
    own.set(key, found)
    return found
  }
}
