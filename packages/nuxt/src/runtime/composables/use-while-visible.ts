/** What a page shows stands still while nobody sees it: a hidden tab does no painting. */
import type { Ref, ShallowRef } from 'vue'
import { computed, onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'

/** Whether the page can be seen. */
export function useVisible(): Readonly<ShallowRef<boolean>> {
  const isVisible = shallowRef(document.visibilityState !== 'hidden')
  const look = (): void => { isVisible.value = document.visibilityState !== 'hidden' }
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => { document.removeEventListener('visibilitychange', look) })
  return shallowReadonly(isVisible)
}

/** Follows a value while the page can be seen and nothing holds it; what came meanwhile is there at once afterwards. */
export function useWhileVisible<Value>(source: () => Value, isHeld: Readonly<Ref<boolean>> = shallowRef(false)): Readonly<ShallowRef<Value>> {
  const isVisible = useVisible()
  const shown = shallowRef(source()) as ShallowRef<Value>
  // While held the source is not even looked at.
  const followed = computed(() => isVisible.value && !isHeld.value ? { value: source() } : undefined)
  watch(followed, next => { if (next) shown.value = next.value })
  return shallowReadonly(shown)
}
