/** Whether there is nothing at the asked address, or nothing this person may know of. */
export function isNotFound(error: unknown): boolean {
  const { status } = (error ?? {}) as { status?: unknown }
  return status === 404 || status === 400
}
