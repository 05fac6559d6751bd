/** What the reader wants to see no more, in this browser; where nothing can be kept, until the page is loaded anew. */

/** Of more the oldest are forgotten. */
const REMEMBERED = 100

export function useDismissed(name: string) {
  const key = `neo-dismissed-${name}`
  const dismissed = ref<readonly string[]>(readKept(key))

  function dismiss(id: string): void {
    dismissed.value = [id, ...readKept(key)].slice(0, REMEMBERED)
    try {
      localStorage.setItem(key, JSON.stringify(dismissed.value))
    } catch {
      // A browser that keeps nothing.
    }
  }
  return { dismissed, dismiss }
}

function readKept(key: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : []
  } catch {
    return []
  }
}
