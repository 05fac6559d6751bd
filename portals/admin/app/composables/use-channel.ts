/** Everything on one channel as it comes, whether a log keeps it or not; paused it is held back and counted. */
import type { Feed, FeedFault } from '@neo-stack/client'
import { parseChannel, type Envelope } from '@neo-stack/events'
import { addEvents, MAX_KEPT } from '../explorer.ts'

export function useChannel(name: string) {
  const { connection, feeds } = useNeoClient()
  const events = shallowRef<readonly Envelope[]>([])
  const held = shallowRef<readonly Envelope[]>([])
  const isPaused = ref(false)
  const isLive = ref(false)
  const isLoaded = ref(false)
  const error = shallowRef<FeedFault>()
  const isDenied = ref(false)
  let feed: Feed | undefined
  let leave: (() => void) | undefined

  const take = (...come: readonly Envelope[]): void => {
    if (isPaused.value) held.value = [...held.value, ...come].slice(-MAX_KEPT)
    else events.value = addEvents(events.value, come)
  }
  const fail = (fault: FeedFault, denied: boolean): void => {
    error.value = fault
    isDenied.value = denied
    isLive.value = false
  }
  const watchLog = (): Feed => feeds.events(name, {
    onSnapshot: before => { take(...before); isLoaded.value = true },
    onEvent: event => { take(event) },
    onStatus: status => {
      isLive.value = status.state === 'live'
      if ('reason' in status && status.reason) fail(status.reason, status.state === 'denied')
      else error.value = undefined
    },
  })
  const watchLive = (): () => void => connection.subscribe(name, {
    onSubscribed: () => { isLive.value = isLoaded.value = true; error.value = undefined },
    onPublication: data => { take(data as Envelope) },
    onLost: () => { isLive.value = false },
    onDenied: fault => { fail(fault, true) },
    onClosed: fault => { fail(fault, false) },
  })
  function connect(): void {
    if (parseChannel(name)?.kept === 'log') {
      feed ??= watchLog()
      feed.start()
    } else {
      leave?.()
      leave = watchLive()
    }
  }
  watch(isPaused, paused => {
    if (paused) return
    const come = held.value
    held.value = []
    take(...come)
  })
  onMounted(connect)
  onScopeDispose(() => {
    feed?.stop()
    leave?.()
  })
  return { events, held, isPaused, isLive, isLoaded, error, isDenied, connect, clear: () => { events.value = [] } }
}
