/** The browser's clipboard. */

/** Puts text into the clipboard. @throws where the browser does not let it */
export async function copyText(text: string): Promise<void> {
  await globalThis.navigator.clipboard.writeText(text)
}
