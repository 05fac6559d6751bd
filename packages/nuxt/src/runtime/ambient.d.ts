declare module '*.css'

declare module '#build/neo-stack/messages.mjs' {
  /** Loads the merged messages of each language; written by the module. */
  export const loaders: Record<string, () => Promise<Record<string, unknown>>>
}
