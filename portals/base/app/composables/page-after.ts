/** Where to go after signing in: only a path of this portal, never an address from elsewhere. */
export function pageAfter(asked: unknown): string {
  return typeof asked === 'string' && /^\/(?![/\\])/.test(asked) ? asked : '/'
}
