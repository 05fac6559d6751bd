/** The whole log of one deployment: live at its end, read to its beginning, kept outside of Vue's reactivity. */
import type { ApiError } from '@neo-stack/client'
import type { LogLine } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { LogStore } from '@neo-stack/client'
import { onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { useFeed } from '../feed-store.ts'

/** A log as a viewer reads it. */
export interface LogSource {
  store: LogStore
  /** Grows whenever the store holds more, at most once a frame. */
  version: Readonly<ShallowRef<number>>
  /** Says that a line is looked at and not held: it is read next. */
  need: (n: number) => void
}

/** What {@link useWholeLog} gives. */
export interface WholeLog extends FeedRefs {
  source: Readonly<ShallowRef<LogSource>>
  /** Why earlier lines could not be read; they are tried again when they are looked at. */
  readError: Readonly<ShallowRef<ApiError | null>>
  /** The log as text, from the service. */
  readText: () => Promise<string>
}

/**
 * Reads a deployment's log: its end at once, what is looked at next, then everything else in the background. Nothing is asked
 * before `connect()`; let go with the scope.
 * @example
 * const { source, connect } = useWholeLog('acme', deploymentId)
 * onMounted(connect)
 */
export function useWholeLog(tenantId: string, deploymentId: string): WholeLog {
  const { rest } = useNeoClient()
  const of = { tenantId, deploymentId }
  const { view, ...feed } = useFeed(`whole log ${tenantId} ${deploymentId}`, ({ feeds }, { onView, ...handlers }) => {
    const held = createHeldLog()
    const onReset = (lines: readonly LogLine[], epoch: string): void => {
      held.reset(lines, epoch)
      onView()
    }
    return { view: held, feed: feeds.deploymentLog(of, { ...handlers, onReset, onLines: held.put }) }
  })
  const readError = shallowRef<ApiError | null>(null)
  const reading = new AbortController()
  onScopeDispose(() => { reading.abort() })
  let isReading = false

  async function readMissing(): Promise<void> {
    if (isReading) return
    isReading = true
    try {
      for (let next = view.store().missing(view.wanted()); next && !reading.signal.aborted; next = view.store().missing(view.wanted())) {
        const { lines } = await rest.logs.page(of, { ...next }, { signal: reading.signal })
        if (lines.length === 0) break
        view.put(lines)
      }
      readError.value = null
    } catch (error) {
      if (!reading.signal.aborted) readError.value = error as ApiError
    } finally {
      isReading = false
    }
  }
  view.onNeed(readMissing)
  watch([feed.isLoaded, view.source], () => { if (feed.isLoaded.value) void readMissing() }, { immediate: true })
  return { ...feed, source: shallowReadonly(view.source), readError: shallowReadonly(readError), readText: () => rest.logs.text(of) }
}

interface HeldLog {
  source: ShallowRef<LogSource>
  store: () => LogStore
  wanted: () => number | undefined
  put: (lines: readonly LogLine[]) => void
  reset: (lines: readonly LogLine[], epoch: string) => void
  onNeed: (read: () => Promise<void>) => void
}

/** A store that tells of changes once a frame, and is replaced when the log begins anew. */
function createHeldLog(): HeldLog {
  let wanted: number | undefined
  let epoch: string | undefined
  let read = (): Promise<void> => Promise.resolve()
  const version = shallowRef(0)
  let isTold = true
  const tell = (): void => {
    if (!isTold) return
    isTold = false
    requestAnimationFrame(() => {
      isTold = true
      version.value++
    })
  }
  const open = (): LogSource => ({
    store: new LogStore(), version: shallowReadonly(version),
    need: n => {
      wanted = n
      void read()
    },
  })
  const source = shallowRef(open())
  const put = (lines: readonly LogLine[]): void => {
    source.value.store.put(lines)
    tell()
  }
  return {
    source, put, store: () => source.value.store, wanted: () => wanted,
    onNeed: next => { read = next },
    reset: (lines, nextEpoch) => {
      // A log that began anew may already be longer than the old one was.
      if ((epoch ?? nextEpoch) !== nextEpoch || (lines.at(-1)?.n ?? 0) < source.value.store.last) source.value = open()
      epoch = nextEpoch
      put(lines)
      void read()
    },
  }
}
