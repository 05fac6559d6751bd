/** What the kit reads of the environment. */

/** Settings of whoever runs the tests. */
export interface Environment {
  /** Folders with programs, as in `PATH`. */
  path: string
  /** The user's cache folder, `XDG_CACHE_HOME`. @default `.cache` in the home folder */
  cache?: string
  /** Path of a Centrifugo to use instead of building one, `NEO_CENTRIFUGO`. */
  centrifugo?: string
}

/** Reads them. */
export function readEnvironment({ PATH = '', XDG_CACHE_HOME: cache, NEO_CENTRIFUGO: centrifugo }: NodeJS.ProcessEnv = process.env): Environment {
  return { path: PATH, ...cache && { cache }, ...centrifugo && { centrifugo } }
}
