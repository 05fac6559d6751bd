/** What operators see of the whole installation, read again every few seconds while the page is seen. */

const READ_EVERY_MS = 5000

export function useOverview() {
  const { rest } = useNeoClient()
  const overview = useLoaded(signal => rest.admin.overview({ signal }))
  let timer: ReturnType<typeof setInterval> | undefined
  onMounted(() => { timer = setInterval(() => { if (document.visibilityState === 'visible') void overview.load() }, READ_EVERY_MS) })
  onUnmounted(() => { clearInterval(timer) })
  return overview
}
