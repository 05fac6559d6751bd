/** Where a log viewer is scrolled to, what of the log that shows, and whether it follows the end. */
import type { ComputedRef, Ref, ShallowRef } from 'vue'
import type { LogSource } from '../composables/use-whole-log.ts'
import type { Follow } from './follow.ts'
import type { Rows } from './rows.ts'
import type { Shown } from './window.ts'
import { computed, nextTick, onMounted, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { onLines, onScroll, toUnseen } from './follow.ts'
import { toRows, unfold } from './rows.ts'
import { toInSight, toScrollTop, toShown, toSpace, toStep } from './window.ts'

/** Height of a view that is not laid out yet. */
const GUESSED_HEIGHT = 400

/** See {@link useLogScroller}. */
export interface LogScroller {
  rows: ComputedRef<Rows>
  /** Pixels of the scrolled space. */
  space: ComputedRef<number>
  shown: ComputedRef<Shown>
  /** First and last row that a reader sees, without those held above and below. */
  inSight: ComputedRef<Pick<Shown, 'first' | 'last'>>
  /** Pixels between the lower edge and the end of the space. */
  below: ComputedRef<number>
  isFollowing: ComputedRef<boolean>
  /** Lines that came while the reader was away from the end. */
  unseen: ComputedRef<number>
  /** First lines of folded groups. */
  folded: Ref<ReadonlySet<number>>
  /** The line that was gone to. */
  current: Ref<number>
  onScroll: () => void
  /** Goes to a line, unfolding what hides it. */
  go: (n: number) => Promise<void>
  scrollBy: (rows: number) => void
  toEnd: () => void
  toBeginning: () => void
  setFollowing: (isFollowing: boolean) => void
}

/** Scrolls a log in an element. */
export function useLogScroller(source: () => LogSource, box: Readonly<ShallowRef<HTMLElement | null>>, isWrapped: Ref<boolean>): LogScroller {
  const follow = shallowRef<Follow>({ isFollowing: true, seen: 0 })
  const folded = shallowRef<ReadonlySet<number>>(new Set())
  const current = ref(0)
  const scrollTop = ref(0)
  const height = useHeight(box, () => { if (follow.value.isFollowing) scrollTo(space.value) })
  const last = computed(() => source().version.value >= 0 ? source().store.last : 0)
  const rows = computed(() => toRows(last.value, folded.value.size > 0 ? source().store.groups() : [], folded.value))
  const space = computed(() => toSpace(rows.value.count))
  const view = computed(() => ({ count: rows.value.count, scrollTop: scrollTop.value, height: height.value }))
  const shown = computed(() => toShown(view.value, isWrapped.value))
  const below = computed(() => Math.max(0, space.value - scrollTop.value - height.value))

  function scrollTo(top: number): void {
    scrollTop.value = Math.max(0, Math.min(top, space.value - height.value))
    if (box.value) box.value.scrollTop = scrollTop.value
  }
  const toEnd = (): void => {
    follow.value = { isFollowing: true, seen: last.value }
    scrollTo(space.value)
  }
  const leave = (): void => { follow.value = { isFollowing: false, seen: follow.value.isFollowing ? last.value : follow.value.seen } }
  const scrollBy = (count: number): void => {
    leave()
    scrollTo(scrollTop.value + count * toStep(view.value))
  }

  watch(last, async () => {
    follow.value = onLines(follow.value, last.value)
    if (!follow.value.isFollowing) return
    await nextTick()
    if (follow.value.isFollowing) scrollTo(space.value)
  })
  onMounted(() => { if (follow.value.isFollowing) scrollTo(space.value) })

  return {
    rows, space, shown, inSight: computed(() => toInSight(view.value)), below, folded, current, toEnd,
    isFollowing: computed(() => follow.value.isFollowing),
    unseen: computed(() => toUnseen(follow.value, last.value)),
    onScroll: () => {
      scrollTop.value = box.value?.scrollTop ?? 0
      follow.value = onScroll(follow.value, space.value - scrollTop.value - height.value, last.value)
    },
    go: async n => {
      const line = Math.min(Math.max(1, n), last.value)
      folded.value = unfold(folded.value, source().store.groups(), line)
      current.value = line
      leave()
      await nextTick()
      scrollTo(toScrollTop(rows.value.rowOf(line), view.value))
    },
    scrollBy,
    toBeginning: () => { scrollBy(-rows.value.count) },
    setFollowing: isFollowing => { (isFollowing ? toEnd : leave)() },
  }
}

/** Height of an element, measured again when it is resized. */
function useHeight(box: Readonly<ShallowRef<HTMLElement | null>>, onResize: () => void): Ref<number> {
  const height = ref(GUESSED_HEIGHT)
  const measure = (): void => { height.value = box.value?.clientHeight || GUESSED_HEIGHT }
  let observer: ResizeObserver | undefined
  onMounted(() => {
    measure()
    observer = new ResizeObserver(() => {
      measure()
      onResize()
    })
    if (box.value) observer.observe(box.value)
  })
  onScopeDispose(() => { observer?.disconnect() })
  return height
}
