/** Gives the reader a text as a file. */

/** Saves a text under a name, as the browser saves any download. */
export function saveText(name: string, text: string, type: 'text/plain' | 'text/csv' = 'text/plain'): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
