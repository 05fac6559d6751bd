/** What keys do in a log viewer. Pure. */

/** See {@link toKeyAct}. */
export type KeyAct = 'down' | 'up' | 'beginning' | 'end' | 'nextError' | 'previousError' | 'follow' | 'search' | 'leave'

const acts: Readonly<Record<string, KeyAct>> = {
  'j': 'down', 'k': 'up', 'g': 'beginning', 'G': 'end', 'n': 'nextError', 'p': 'previousError', 'f': 'follow', '/': 'search', 'Escape': 'leave',
}

/** What a key asks for; nothing while a person writes, or with a key held that makes it another one's. */
export function toKeyAct({ key, target, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, 'key' | 'target' | 'ctrlKey' | 'metaKey' | 'altKey'>): KeyAct | undefined {
  const isWriting = ['INPUT', 'SELECT', 'TEXTAREA'].includes((target as Element | null)?.tagName ?? '')
  return isWriting || ctrlKey || metaKey || altKey || !Object.hasOwn(acts, key) ? undefined : acts[key]
}
