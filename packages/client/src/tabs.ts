/** What the tabs of one browser share: a lock, so that one refreshes at a time, and a channel, so that the others need not. */

/** The part of the Web Locks API that is used. */
export interface Locks {
  request<Result>(name: string, work: () => Promise<Result>): Promise<Result>
}

/** The part of a BroadcastChannel that is used. */
export interface TabChannel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  close(): void
}

/** What one browser's tabs share. Without either each tab is on its own. */
export interface Tabs {
  locks?: Locks | undefined
  channel?: TabChannel | undefined
}

/**
 * The browser's own, for one session per `name`. Nothing outside a browser: there each client of a process is a person of its own.
 */
export function findTabs(name: string): Tabs {
  const scope = globalThis as unknown as { document?: unknown, navigator?: { locks?: Locks }, BroadcastChannel?: new (name: string) => TabChannel }
  if (scope.document === undefined) return {}
  return { locks: scope.navigator?.locks, channel: scope.BroadcastChannel && new scope.BroadcastChannel(name) }
}
