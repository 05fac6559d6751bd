/** Something that is read once and again after each act: what was read before stays until the answer is there. */

export function useLoaded<Value>(read: (signal: AbortSignal) => Promise<Value>) {
  const value = shallowRef<Value>()
  const error = shallowRef<unknown>()
  const reading = new AbortController()
  onScopeDispose(() => { reading.abort() })

  async function load(): Promise<void> {
    try {
      value.value = await read(reading.signal)
      error.value = undefined
    } catch (cause) {
      if (!reading.signal.aborted) error.value = cause
    }
  }
  onMounted(load)
  const isDenied = computed(() => (error.value as { status?: unknown } | undefined)?.status === 403)
  return { value, error, isDenied, load }
}

/** Runs an act of the person; what goes wrong is said in a notice. */
export function useAct() {
  const { ofError } = useSentences()
  const toast = useToast()
  const isBusy = ref(false)

  async function act(work: () => Promise<unknown>): Promise<boolean> {
    isBusy.value = true
    try {
      await work()
      return true
    } catch (error) {
      toast.add({ title: ofError(error), color: 'error', icon: 'i-lucide-circle-alert' })
      return false
    } finally {
      isBusy.value = false
    }
  }
  return { act, isBusy }
}
