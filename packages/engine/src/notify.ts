/** Tells the application what happened: later, because a hook that publishes must not do so in the middle of a fan-out. */

/** Calls a notice's hook after this turn's work; what it throws goes to `onFault`. */
export function notify(hook: () => void, onFault: (error: unknown) => void): void {
  queueMicrotask(() => {
    try {
      hook()
    } catch (error) {
      onFault(error)
    }
  })
}
