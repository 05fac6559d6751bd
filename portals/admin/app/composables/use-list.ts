/** A list of the service that is searched and read page by page. What was found stays until the next answer is there. */

/** A page of rows; `total` counts all that were found, where the service says so. */
export interface ListPage<Row> {
  rows: readonly Row[]
  next?: string | undefined
  total?: number
}

/** What a page is asked by. */
export interface ListAsked {
  q?: string
  cursor?: string
}

/** What {@link useList} gives. */
export interface List<Row> {
  q: Ref<string>
  rows: Readonly<Ref<readonly Row[]>>
  /** @default the service does not say */
  total: Readonly<Ref<number | undefined>>
  hasMore: Readonly<Ref<boolean>>
  isLoaded: Readonly<Ref<boolean>>
  error: Readonly<Ref<unknown>>
  isDenied: Readonly<Ref<boolean>>
  load: () => Promise<void>
  /** Reads the next page, if there is one and none is on its way. */
  more: () => void
}

/** Typing rests this long before it is searched, in milliseconds. */
const REST_MS = 120

export function useList<Row>(read: (asked: ListAsked, signal: AbortSignal) => Promise<ListPage<Row>>): List<Row> {
  const q = ref('')
  const rows = shallowRef<readonly Row[]>([])
  const total = ref<number>()
  const next = ref<string>()
  const isLoaded = ref(false)
  const isReading = ref(false)
  const error = shallowRef<unknown>()
  let reading = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function fetchPage(cursor?: string): Promise<void> {
    reading.abort()
    reading = new AbortController()
    const { signal } = reading
    isReading.value = true
    try {
      const words = q.value.trim()
      const page = await read({ ...words && { q: words }, ...cursor !== undefined && { cursor } }, signal)
      if (signal.aborted) return
      rows.value = cursor === undefined ? page.rows : [...rows.value, ...page.rows]
      total.value = page.total
      next.value = page.next
      isLoaded.value = true
      error.value = undefined
    } catch (cause) {
      if (!signal.aborted) error.value = cause
    } finally {
      if (!signal.aborted) isReading.value = false
    }
  }
  const load = (): Promise<void> => fetchPage()
  const more = (): void => {
    if (next.value !== undefined && !isReading.value) void fetchPage(next.value)
  }
  watch(q, () => {
    clearTimeout(timer)
    timer = setTimeout(() => { void load() }, REST_MS)
  })
  onMounted(load)
  onScopeDispose(() => {
    clearTimeout(timer)
    reading.abort()
  })
  const isDenied = computed(() => (error.value as { status?: unknown } | undefined)?.status === 403)
  const hasMore = computed(() => next.value !== undefined)
  return { q, rows, total, hasMore, isLoaded, error, isDenied, load, more }
}
