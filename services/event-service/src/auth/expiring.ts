/** A bounded map whose entries end by themselves: verified tokens and keys, so that a busy caller costs no second check. */

/** See {@link createExpiringMap}. Times are milliseconds since 1970. */
export interface ExpiringMap<V> {
  get: (key: string, now: number) => V | undefined
  set: (key: string, value: V, until: number) => void
  delete: (key: string) => void
  clear: () => void
}

/** Creates a map of at most `size` entries; the one unused longest goes first. */
export function createExpiringMap<V>(size: number): ExpiringMap<V> {
  const entries = new Map<string, { value: V, until: number }>()
  return {
    get: (key, now) => {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.until <= now) return undefined
      // A Map keeps the order of insertion, so what is inserted anew is the youngest.
      entries.set(key, entry)
      return entry.value
    },
    set: (key, value, until) => {
      entries.delete(key)
      const [oldest] = entries.keys()
      if (entries.size >= size && oldest !== undefined) entries.delete(oldest)
      entries.set(key, { value, until })
    },
    delete: key => { entries.delete(key) },
    clear: () => { entries.clear() },
  }
}
