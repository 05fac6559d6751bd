/** Searches a log while it is shown: in slices, so that the page goes on, and again as the log grows. */
import type { ComputedRef, Ref, ShallowRef } from 'vue'
import type { LogSource } from '../composables/use-whole-log.ts'
import { toPattern } from '@neo-stack/client'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

/** Milliseconds that one slice may take of a frame. */
const SLICE_MS = 10
/** Milliseconds after which a log that grew is searched again. */
const AGAIN_MS = 1000

/** See {@link useLogSearch}. */
export interface LogFinder {
  text: Ref<string>
  isRegex: Ref<boolean>
  /** Whether the text is a pattern that means something, or empty. */
  isValid: ComputedRef<boolean>
  /** Of what is marked in lines. */
  pattern: ComputedRef<RegExp | undefined>
  /** Numbers of the lines that were found so far. */
  found: ShallowRef<readonly number[]>
  /** Whether every held line was looked at. */
  isDone: Ref<boolean>
  /** The found line after (or before) another, going round; 0 when there is none. */
  next: (n: number, direction: 1 | -1) => number
}

/** Searches a log. */
export function useLogSearch(source: () => LogSource): LogFinder {
  const text = ref('')
  const isRegex = ref(false)
  const found = shallowRef<readonly number[]>([])
  const isDone = ref(true)
  const pattern = computed(() => toPattern({ text: text.value, isRegex: isRegex.value }))
  let run = 0
  let again: ReturnType<typeof setTimeout> | undefined

  async function search(): Promise<void> {
    const mine = ++run
    clearTimeout(again)
    again = undefined
    if (!pattern.value) {
      found.value = []
      isDone.value = true
      return
    }
    isDone.value = false
    const all: number[] = []
    let since = performance.now()
    for (const some of source().store.search(pattern.value)) {
      for (const n of some) all.push(n)
      if (performance.now() - since < SLICE_MS) continue
      await breathe()
      if (mine !== run) return
      since = performance.now()
    }
    found.value = all
    isDone.value = true
  }
  watch([pattern, () => source().store], search)
  watch(() => source().version.value, () => { if (pattern.value) again ??= setTimeout(() => { void search() }, AGAIN_MS) })
  onScopeDispose(() => {
    run++
    clearTimeout(again)
  })

  return {
    text, isRegex, found, isDone, pattern,
    isValid: computed(() => text.value === '' || pattern.value !== undefined),
    next: (n, direction) => (direction > 0
      ? found.value.find(one => one > n) ?? found.value[0]
      : found.value.findLast(one => one < n) ?? found.value.at(-1)) ?? 0,
  }
}

/** Lets the page paint and hear its reader. A timer would do so too, but of no time browsers make four milliseconds. */
function breathe(): Promise<void> {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
