/** `fetch` and `WebSocket` that enter everything received into a journal. */

import type { Journal } from './journal.ts'

/** A `fetch` that transcribes each answer: status, headers and body. */
export function createRecordingFetch(journal: Journal, who: string): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const text = await response.clone().text()
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    journal.transcribe(`${who}: ${init?.method ?? 'GET'} ${pathname}${search} ${response.status}`, `${headers}\n\n${text}`)
    return response
  }
}

/** A `WebSocket` class that transcribes each frame. */
export function createRecordingWebSocket(journal: Journal, who: string): typeof WebSocket {
  return class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      this.addEventListener('message', ({ data }) => { journal.transcribe(`${who}: frame`, String(data)) })
    }
  }
}
