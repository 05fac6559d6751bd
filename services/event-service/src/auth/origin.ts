/**
 * Which origins may use the cookie. Browsers name the origin on every request that changes something, and modern ones send
 * `Sec-Fetch-Site` besides, which a page can't suppress. So: a named origin must be ours; where both headers are missing no browser is
 * asking, nobody's cookie is being borrowed, and the request passes. A `Sec-Fetch-Site` without an origin is a browser hiding
 * something and is refused. SameSite=Strict on the cookie stands behind all of this.
 */

/** The headers that tell where a request comes from. */
export interface OriginHeaders {
  origin?: string | undefined
  host?: string | undefined
  'sec-fetch-site'?: string | string[] | undefined
}

/** Decides on the headers of a request that may carry the cookie. */
export type OriginCheck = (headers: OriginHeaders) => boolean

/**
 * Creates the check over the public URL and the further origins of the configuration. The request's own host counts only where no public
 * URL is known: whoever can name the host, by a name that leads here, could otherwise name the origin too.
 */
export function createOriginCheck({ publicUrl, allowedOrigins = [] }: { publicUrl?: string | undefined, allowedOrigins?: readonly string[] | undefined }): OriginCheck {
  const ours = new Set([...publicUrl === undefined ? [] : [publicUrl], ...allowedOrigins].map(url => new URL(url).origin))
  return ({ origin, host, 'sec-fetch-site': site }) => {
    if (origin === undefined) return site === undefined
    const parsed = URL.canParse(origin) ? new URL(origin) : undefined
    // Only a bare origin counts: `http://ours/x` or `http://ours@theirs` never comes from a browser.
    if (!parsed || parsed.origin !== origin) return false
    return ours.has(origin) || publicUrl === undefined && isHost(parsed, host)
  }
}

function isHost({ protocol, host: named }: URL, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === named
}
