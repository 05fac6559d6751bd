/** The exam that somebody is writing, kept in this tab until it is created: it outlives a reload, another page and a new sign-in. */
import { emptyExam, readDraft } from '../exam-draft.ts'

/** @param userId whose draft it is; nobody else is shown it */
export function useExamDraft(userId: string) {
  const key = `neo-exam-draft:${userId}`
  const kept = readDraft(read(key))
  const draft = reactive(kept ?? emptyExam())
  /** Something was written before, and is shown again. */
  const isKept = ref(kept !== undefined)

  watch(draft, () => { keep(key, JSON.stringify(draft)) })

  /** Begins anew. */
  function clear(): void {
    Object.assign(draft, emptyExam())
    isKept.value = false
    // After what the line above would keep.
    void nextTick(() => { keep(key) })
  }
  return { draft, isKept, clear }
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}

function keep(key: string, text?: string): void {
  try {
    if (text === undefined) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, text)
  } catch {
    // A browser that keeps nothing.
  }
}
