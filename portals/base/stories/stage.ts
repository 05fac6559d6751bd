/** Puts the page's own requests and sockets into a state. The page, its composables and the client are the real ones. */
import type { StoryState } from './states.ts'

/**
 * Replaces `fetch` and `WebSocket` of this page, before anything asks. Signing in works in every state. It refers to nothing outside
 * of itself: tests hand it to the browser as text.
 * @param staleAfterMs how long after the socket opened the connection breaks in the state `stale`; the event `story:cut` of the window breaks it before
 */
export function setStage(state: StoryState, staleAfterMs = 1500): void {
  const scope = globalThis as unknown as { location: { href: string }, fetch: typeof fetch, WebSocket: typeof WebSocket, addEventListener: (type: string, listener: () => void) => void }
  const send = scope.fetch.bind(globalThis)
  const RealSocket = scope.WebSocket
  const sockets = new Set<WebSocket>()
  let isCut = false

  const problem = (status: number, code: string): Response =>
    Response.json({ type: 'about:blank', title: code, status, code, detail: `A story: ${code}` }, { status, headers: { 'content-type': 'application/problem+json' } })
  const isAboutMe = (path: string): boolean => /^\/v1\/(?:session|auth|telemetry|realtime\/connection-token)/.test(path) || /\/presence\/(?:me|preferences)/.test(path)
  const emptied = (body: object): object => Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'next')
    .map(([name, value]: [string, unknown]) => [name, Array.isArray(value) ? [] : name === 'unread' ? 0 : value]))
  const wait = (signal?: AbortSignal | null): Promise<never> => new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => { reject(new DOMException('aborted', 'AbortError')) })
  })

  const answerEmpty = async (path: string, own: Parameters<typeof fetch>): Promise<Response> => {
    if (/\/deployments\/[^/]+$/.test(path)) return problem(404, 'not_found')
    const answer = await send(...own)
    if (!answer.ok || !answer.headers.get('content-type')?.includes('json')) return answer
    return Response.json(emptied(await answer.json() as object), { status: answer.status })
  }
  const deny = (path: string, init?: RequestInit): Response => {
    if (!path.endsWith('/realtime/subscription-tokens')) return problem(403, 'forbidden')
    const { channels } = JSON.parse(typeof init?.body === 'string' ? init.body : '{"channels":[]}') as { channels: string[] }
    return Response.json({ tokens: Object.fromEntries(channels.map(channel => [channel, { error: { code: 'forbidden', detail: 'A story: forbidden' } }])) })
  }

  scope.fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input), scope.location.href)
    if (isCut) throw new TypeError('Failed to fetch')
    if (!pathname.startsWith('/v1/') || isAboutMe(pathname) || state === 'stale') return await send(input, init)
    if (state === 'denied') return deny(pathname, init)
    if (pathname.startsWith('/v1/realtime/') || (init?.method ?? 'GET') !== 'GET') return await send(input, init)
    if (state === 'loading') return await wait(init?.signal)
    return state === 'error' ? problem(503, 'unavailable') : await answerEmpty(pathname, [input, init])
  }

  if (state !== 'stale') return
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.close()
  }
  scope.addEventListener('story:cut', cut)
  scope.WebSocket = class extends RealSocket {
    constructor(url: string | URL, protocols?: ConstructorParameters<typeof WebSocket>[1]) {
      // The discard port: whoever comes back finds nobody.
      super(isCut ? 'ws://127.0.0.1:9/' : url, protocols)
      sockets.add(this)
      this.addEventListener('open', () => {
        globalThis.setTimeout(cut, staleAfterMs)
      })
    }
  }
}
