/** A small cookie jar for places whose `fetch` keeps no cookies (Node): enough for the refresh cookie of one service. */

interface Cookie {
  value: string
  path: string
  /** Milliseconds since the Unix epoch; `undefined` for as long as the jar lives. */
  expiresAt: number | undefined
}

/**
 * Wraps `fetch` so that cookies the service sets are kept in memory and sent back to it. Also says where the request comes
 * from, as a browser would: what the cookie stands for is accepted from the service's own origin only.
 */
export function createCookieFetch(send: typeof fetch, now: () => number = Date.now): typeof fetch {
  const jars = new Map<string, Map<string, Cookie>>()

  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const jar = jars.get(url.origin) ?? new Map<string, Cookie>()
    jars.set(url.origin, jar)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const cookies = [...jar].filter(([, cookie]) => isSentTo(cookie, url.pathname, now()))
    if (cookies.length > 0) headers.set('cookie', cookies.map(([name, { value }]) => `${name}=${value}`).join('; '))
    if (!headers.has('origin')) headers.set('origin', url.origin)
    const response = await send(input, { ...init, headers })
    for (const line of response.headers.getSetCookie()) keep(jar, line, now())
    return response
  }
}

function isSentTo({ path, expiresAt }: Cookie, pathname: string, now: number): boolean {
  if (expiresAt !== undefined && expiresAt <= now) return false
  return path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

function keep(jar: Map<string, Cookie>, line: string, now: number): void {
  const [pair = '', ...attributes] = line.split(';')
  const [name, value] = split(pair)
  const given = new Map(attributes.map(attribute => split(attribute)).map(([key, text]) => [key.toLowerCase(), text]))
  const expiresAt = toExpiry(given, now)
  if (expiresAt !== undefined && expiresAt <= now) jar.delete(name)
  else jar.set(name, { value, path: given.get('path') ?? '/', expiresAt })
}

/** `Max-Age` wins over `Expires` (RFC 6265 5.3). */
function toExpiry(attributes: Map<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined) return now + Number(maxAge) * 1000
  const expires = attributes.get('expires')
  return expires === undefined ? undefined : Date.parse(expires)
}

function split(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}
