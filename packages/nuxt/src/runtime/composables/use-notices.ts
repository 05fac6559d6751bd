/** Which notices on the page the reader wants; kept in this browser and followed by each of its tabs. */
import type { WritableComputedRef } from 'vue'
import { computed, reactive } from 'vue'

/** Kinds of notices that can be turned off. */
export const noticeKinds = ['deployments', 'billing', 'presence', 'exams'] as const

/** See {@link noticeKinds}. */
export type NoticeKind = (typeof noticeKinds)[number]

const KEY = 'neo-notices'
const wanted = reactive<Record<NoticeKind, boolean>>({ deployments: true, billing: true, presence: true, exams: true, ...read() })

// Said to every other tab of this browser, never to the one that wrote.
if ('localStorage' in globalThis) globalThis.addEventListener('storage', event => { if ((event as unknown as { key: string | null }).key === KEY) Object.assign(wanted, read()) })

/** Whether notices of a kind are wanted; setting it keeps the choice. */
export function useNotices(kind: NoticeKind): WritableComputedRef<boolean> {
  return computed({
    get: () => wanted[kind],
    set: value => {
      wanted[kind] = value
      write()
    },
  })
}

function read(): Partial<Record<NoticeKind, boolean>> {
  try {
    const kept = JSON.parse(globalThis.localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>
    return Object.fromEntries(noticeKinds.flatMap(kind => typeof kept[kind] === 'boolean' ? [[kind, kept[kind]]] : []))
  } catch {
    return {}
  }
}

function write(): void {
  try {
    globalThis.localStorage.setItem(KEY, JSON.stringify(wanted))
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
}
