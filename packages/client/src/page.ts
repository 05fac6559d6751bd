/** What a heartbeat needs to know of the page it beats for. */

/** `touch` the person did something · `visibility` shown or hidden · `leave` the page goes away · `return` it is there again. */
export type PageEvent = 'touch' | 'visibility' | 'leave' | 'return'

/** A page, or whatever stands for one. */
export interface Page {
  isHidden(): boolean
  /** Calls `listener` from now on; returns the function that stops it. */
  listen(listener: (event: PageEvent) => void): () => void
}

interface Target {
  addEventListener(name: string, listener: (event: { persisted?: boolean }) => void, options?: { passive: boolean, capture: boolean }): void
  removeEventListener(name: string, listener: (event: { persisted?: boolean }) => void, options?: { capture: boolean }): void
}

const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const

/** The browser's page; outside of one something that is always there and never touched. */
export function findPage(): Page {
  const scope = globalThis as unknown as Target & { document?: Target & { visibilityState: string } }
  const { document } = scope
  if (!document) return { isHidden: () => false, listen: () => () => undefined }
  return {
    isHidden: () => document.visibilityState === 'hidden',
    listen: listener => {
      const touch = (): void => { listener('touch') }
      const pairs: [Target, string, (event: { persisted?: boolean }) => void][] = [
        ...TOUCHES.map((name): [Target, string, () => void] => [scope, name, touch]),
        [document, 'visibilitychange', () => { listener('visibility') }],
        [scope, 'pagehide', () => { listener('leave') }],
        // A page taken from the back-forward cache was told to have left.
        [scope, 'pageshow', ({ persisted }) => { if (persisted) listener('return') }],
      ]
      for (const [target, name, call] of pairs) target.addEventListener(name, call, { passive: true, capture: true })
      return () => { for (const [target, name, call] of pairs) target.removeEventListener(name, call, { capture: true }) }
    },
  }
}
