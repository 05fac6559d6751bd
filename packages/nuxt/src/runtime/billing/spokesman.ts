/** Which of a browser's tabs speaks: the one that was looked at last. A Web Lock is handed over by stealing it and by closing. */

/** The part of the Web Locks API that is used. */
export interface SpeakerLocks {
  request: (name: string, options: { steal?: boolean, signal?: AbortSignal }, work: () => Promise<void>) => Promise<unknown>
}

/** The part of a page that is used. */
export interface Looked {
  hasFocus: () => boolean
  addEventListener: (type: 'focus' | 'visibilitychange', listener: () => void) => void
  removeEventListener: (type: 'focus' | 'visibilitychange', listener: () => void) => void
}

/** What {@link standForSpeaker} gives. */
export interface Spokesman {
  /** Whether this tab speaks now. */
  readonly isSpeaking: boolean
  stop: () => void
}

/** Stands for speaker under a name, until it is stopped. Without locks every tab speaks. */
export function standForSpeaker(name: string, locks: SpeakerLocks | undefined, looked: Looked): Spokesman {
  if (!locks) return { isSpeaking: true, stop: () => undefined }
  let isSpeaking = false
  let isEnded = false
  let attempt = 0
  let waiting = new AbortController()
  let leave: () => void = () => undefined
  const hold = (): Promise<void> => new Promise(resolve => {
    isSpeaking = true
    leave = resolve
  })
  const queue = (isStealing: boolean): void => {
    const mine = ++attempt
    waiting.abort()
    waiting = new AbortController()
    const onEnd = (): void => {
      if (mine !== attempt) return
      isSpeaking = false
      // Robbed by another tab: in line again for when that one closes.
      if (!isEnded) queue(false)
    }
    locks.request(name, isStealing ? { steal: true } : { signal: waiting.signal }, hold).then(onEnd, onEnd)
  }
  const onLook = (): void => { if (!isSpeaking && looked.hasFocus()) queue(true) }
  queue(looked.hasFocus())
  looked.addEventListener('focus', onLook)
  looked.addEventListener('visibilitychange', onLook)
  return {
    get isSpeaking() { return isSpeaking },
    stop: () => {
      isEnded = true
      waiting.abort()
      leave()
      looked.removeEventListener('focus', onLook)
      looked.removeEventListener('visibilitychange', onLook)
    },
  }
}
