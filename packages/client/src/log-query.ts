/** What to find in a log. Pure. */

/** See the file's head. */
export interface LogSearch {
  text: string
  /** Whether `text` is a regular expression. */
  isRegex: boolean
}

/**
 * The pattern of a search, for {@link LogStore.search}: upper and lower case are the same unless the text has upper case.
 * @returns undefined for an empty text, and for one that is no regular expression
 */
export function toPattern({ text, isRegex }: LogSearch): RegExp | undefined {
  if (text === '') return undefined
  const flags = text === text.toLowerCase() ? 'gim' : 'gm'
  try {
    return new RegExp(isRegex ? text : text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), flags)
  } catch {
    return undefined
  }
}
