import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createCentrifugoApi, CentrifugoError, type CentrifugoApi } from '../src/realtime/centrifugo-api.ts'

type Answer = { status?: number, body?: unknown } | 'away'

/** An API whose nodes answer one after the other as told; the last answer stays. */
function startApi(answers: readonly Answer[]): { api: CentrifugoApi, asked: string[], waits: number[] } {
  const asked: string[] = []
  const waits: number[] = []
  const api = createCentrifugoApi({
    nodes: ['http://one', 'http://two'], key: 'secret', sleep: ms => { waits.push(ms); return Promise.resolve() },
    fetch: input => {
      asked.push(new URL(input as URL).hostname)
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? 'away'
      return answer === 'away' ? Promise.reject(new TypeError('fetch failed')) : Promise.resolve(Response.json(answer.body ?? {}, { status: answer.status ?? 200 }))
    },
  })
  return { api, asked, waits }
}

const kindOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', (error: unknown) => error instanceof CentrifugoError ? error.kind : error)

describe('the server API', () => {
  it('tries the next node when one is away, ever later', async () => {
    const { api, asked, waits } = startApi(['away', { status: 503 }, 'away', { body: { result: { offset: 3 } } }])
    expect(await api.call('publish', {})).toEqual({ offset: 3 })
    expect(asked).toEqual(['one', 'two', 'one', 'two'])
    expect(waits).toEqual([50, 100, 200])
  })

  it.each<[string, Answer, number, string]>([
    ['gives up after five tries', 'away', 5, 'unavailable'],
    ['tries an internal error again', { body: { error: { code: 100, message: 'internal server error' } } }, 5, 'unavailable'],
    ['does not repeat what is refused', { body: { error: { code: 102, message: 'unknown channel' } } }, 1, 'refused'],
    ['does not repeat a bad request', { status: 400 }, 1, 'refused'],
    ['does not repeat with a wrong key', { status: 401 }, 1, 'unauthorized'],
    ['takes other JSON for nobody', { body: 'hello' }, 5, 'unavailable'],
  ])('%s', async (_, answer, calls, kind) => {
    const { api, asked } = startApi([answer])
    expect(await kindOf(api.call('publish', {}))).toBe(kind)
    expect(asked).toHaveLength(calls)
  })

  it('stays with the node that answers', async () => {
    const { api, asked } = startApi(['away', { body: { result: {} } }])
    await api.call('info', {})
    await api.call('info', {})
    expect(asked).toEqual(['one', 'two', 'two'])
  })

  it('keeps its connections: twenty calls one after the other open no more than two', async () => {
    let connections = 0
    const node = createServer((request, response) => { request.resume().once('end', () => { response.end('{"result":{}}') }) })
    node.on('connection', () => { connections++ }).listen(0, '127.0.0.1')
    await once(node, 'listening')
    try {
      const api = createCentrifugoApi({ nodes: [`http://127.0.0.1:${(node.address() as AddressInfo).port}`], key: 'secret' })
      for (let calls = 0; calls < 20; calls++) await (calls % 2 === 0 ? api.call('publish', {}) : api.batch([{ publish: {} }]))
      // The first may not be given back yet when the second call begins.
      expect(connections).toBeLessThanOrEqual(2)
    } finally {
      node.closeAllConnections()
      node.close()
    }
  })

  it('repeats a batch for what may go well, and says what of it was refused', async () => {
    const internal = { body: { replies: [{ publish: {} }, { error: { code: 100, message: '' } }] } }
    const refused = { body: { replies: [{ publish: {} }, { error: { code: 102, message: 'unknown channel' } }] } }
    const { api, asked } = startApi([internal, refused])
    const errors = await api.batch([{ publish: {} }, { publish: {} }])
    expect(errors.map(({ kind, code }) => ({ kind, code }))).toEqual([{ kind: 'refused', code: 102 }])
    expect(asked).toHaveLength(2)
  })

  it('asks nobody for an empty batch', async () => {
    const { api, asked } = startApi(['away'])
    expect(await api.batch([])).toEqual([])
    expect(asked).toEqual([])
  })

  it('broadcasts one payload and says which channels refused it', async () => {
    const { api } = startApi([{ body: { result: { responses: [{ result: {} }, { error: { code: 107, message: 'bad request' } }] } } }])
    expect((await api.broadcast(['a:1', 'b:2'], { data: {} })).map(({ code }) => code)).toEqual([107])
  })
})
