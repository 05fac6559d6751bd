/** Seconds until a moment of the service's time. */
import type { Ref } from 'vue'
import { onScopeDispose, readonly, ref, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { serverClockOf } from '../exams/clock.ts'

/**
 * Whole seconds left, rounded up, 0 from the deadline on; changes just when a second has passed on the service's clock, whatever
 * this machine's says. `undefined` without a deadline.
 */
export function useTimeLeft(deadline: () => string | undefined): Readonly<Ref<number | undefined>> {
  const clock = serverClockOf(useNeoClient())
  const left = ref<number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const tick = (): void => {
    clearTimeout(timer)
    const until = deadline()
    if (until === undefined) return void (left.value = undefined)
    const ms = Date.parse(until) - clock.now()
    left.value = Math.max(0, Math.ceil(ms / 1000))
    // A clock that learns moves the second: it is looked at again at the next one.
    if (ms > 0) timer = setTimeout(tick, Math.max(1, ms % 1000))
  }
  watch(deadline, tick, { immediate: true })
  onScopeDispose(() => { clearTimeout(timer) })
  return readonly(left)
}
