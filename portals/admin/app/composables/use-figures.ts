/** Counts and sizes in the reader's language. */
export function useFigures() {
  const { locale } = useI18n()
  const toCount = (count: number): string => count.toLocaleString(locale.value)
  const toBytes = (bytes: number): string => {
    const power = Math.min(4, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
    const number = (bytes / 1000 ** power).toLocaleString(locale.value, { maximumFractionDigits: power === 0 ? 0 : 1 })
    return `${number} ${['B', 'kB', 'MB', 'GB', 'TB'][power] ?? ''}`
  }
  return { toCount, toBytes }
}
