/** A tiny HTTP service on port 0: answers by a function, remembers what it was asked, gone after the test. */
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Asked {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: unknown
}

export interface Answer {
  status?: number
  headers?: Record<string, string | string[]>
  body?: unknown
  /** Sent as it is instead of `body`. */
  text?: string
  /** Cuts the connection instead of answering. */
  isCut?: boolean
}

export interface Service {
  url: string
  asked: Asked[]
}

/** `answer` may be asynchronous, to answer late or never. */
export async function serve(answer: (asked: Asked, count: number) => Answer | Promise<Answer>): Promise<Service> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const text = Buffer.concat(parts).toString()
      const one: Asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: text === '' ? undefined : JSON.parse(text) }
      asked.push(one)
      const { status = 200, headers = {}, body, text: raw, isCut } = await answer(one, asked.length)
      if (isCut) {
        request.socket.destroy()
        return
      }
      response.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers })
      response.end(raw ?? (body === undefined ? '' : JSON.stringify(body)))
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** A problem as the service sends it. */
export const problem = (code: string, status: number, more: Record<string, unknown> = {}): Answer =>
  ({ status, body: { type: 'about:blank', title: code, status, code, detail: `It is ${code}.`, ...more } })
