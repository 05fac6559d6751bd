import type { LogLine } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { formatLine, isWorthSaying, parseSince, toTerminalText, UsageError } from '../bin/logs.ts'
import { createEventReader } from '../src/event-stream.ts'
import { followLog } from '../src/index.ts'

const line = (n: number): LogLine => ({ n, time: '2026-01-05T12:00:00.000Z', stream: 'stdout', text: `line ${n}` })
const eventOf = (n: number): string => `id: ${n}\nevent: line\ndata: ${JSON.stringify(line(n))}\n\n`
const END = 'event: end\ndata: {"status":"failed"}\n\n'

/** A service that answers each connection with the next of these texts; one that ends with `!` breaks. */
function createService(answers: readonly (string | number)[]): { fetch: typeof fetch, asked: { after: string | null, url: string }[] } {
  const asked: { after: string | null, url: string }[] = []
  return {
    asked,
    fetch: async (url, init) => {
      asked.push({ after: new Headers(init?.headers).get('last-event-id'), url: String(url) })
      const answer = answers[asked.length - 1] ?? END
      if (typeof answer === 'number') return Response.json({ type: 'about:blank', title: 'x', status: answer, code: 'not_found', detail: 'no' }, { status: answer })
      return new Response(new ReadableStream({
        start: controller => { controller.enqueue(new TextEncoder().encode(answer.replace('!', ''))) },
        // What is queued when a stream breaks is lost: it breaks once that was read.
        pull: controller => {
          if (answer.endsWith('!')) controller.error(new Error('cut'))
          else controller.close()
        },
      }, { highWaterMark: 0 }))
    },
  }
}

async function follow(answers: readonly (string | number)[], over: { since?: string } = {}): Promise<{ shown: number[], end: unknown, asked: { after: string | null, url: string }[], waits: number[] }> {
  const { fetch, asked } = createService(answers)
  const waits: number[] = []
  const lines = followLog({ baseUrl: 'http://x.example/', tenantId: 'acme', deploymentId: 'd', getAccessToken: () => 'k', fetch, wait: async tries => { waits.push(tries) }, ...over })
  const shown: number[] = []
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (next.done) return { shown, end: next.value, asked, waits }
    shown.push(next.value.n)
  }
}

describe('following a log', () => {
  it('goes on behind the last line it has, however a connection ends', async () => {
    const { shown, end, asked, waits } = await follow([eventOf(1) + eventOf(2), `${eventOf(3)}id: 4\nevent: line\ndata: {"n":4!`, '!', eventOf(4) + END])
    expect(shown).toEqual([1, 2, 3, 4])
    expect(end).toBe('failed')
    expect(asked.map(({ after }) => after)).toEqual([null, '2', '3', '3'])
    expect(waits).toEqual([1, 1, 2])
  })

  it('asks for a time once, and then for what follows its last line', async () => {
    const { asked } = await follow([eventOf(7), END], { since: '2026-01-05T12:00:00.000Z' })
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(['?since=2026-01-05T12%3A00%3A00.000Z', ''])
  })

  it('ends where the service refuses, and tries again where it cannot', async () => {
    await expect(follow([404])).rejects.toMatchObject({ status: 404 })
    expect((await follow([503, 429, eventOf(1) + END])).shown).toEqual([1])
  })

  it('says why it tries again, and goes on', async () => {
    const { fetch } = createService(['!', 503, eventOf(1), '!', END])
    const heard: [string, number][] = []
    const lines = followLog({ baseUrl: 'http://x.example', tenantId: 'acme', deploymentId: 'd', getAccessToken: () => 'k', fetch, wait: () => Promise.resolve(), onRetry: (error, tries) => { heard.push([(error as Error).name, tries]) } })
    while (!(await lines.next()).done);
    expect(heard.map(([, tries]) => tries)).toEqual([1, 2, 2])
    expect(heard[1]?.[0]).toBe('ApiError')
  })

  it.each(['events.example', 'ftp://events.example', ''])('does not try at all what is no address: "%s"', async baseUrl => {
    const lines = followLog({ baseUrl, tenantId: 'acme', deploymentId: 'd', getAccessToken: () => 'k', wait: () => Promise.reject(new Error('tried again')) })
    await expect(lines.next()).rejects.toMatchObject({ code: 'ERR_INVALID_URL' })
  })

  it('ends at once when it is told so while it waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const ending = new AbortController()
    const lines = followLog({
      baseUrl: 'http://x.example', tenantId: 'acme', deploymentId: 'd', getAccessToken: () => 'k', signal: ending.signal, fetch: () => Promise.reject(new Error('down')),
      onRetry: () => { setImmediate(() => { ending.abort() }) },
    })
    // No timer ever fires: only the signal can end the pause.
    expect((await lines.next()).done).toBe(true)
    vi.useRealTimers()
  })

  it('reads events however their text is cut, and with any end of line', () => {
    const events = [{ id: '1', event: 'line', data: 'a\nb' }, { id: '1', event: 'message', data: 'ç' }, { id: '2', event: 'end', data: '' }]
    fc.assert(fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (end, sizes) => {
      const text = ['id: 1', 'event: line', 'data: a', 'data: b', '', ': a remark', 'data:ç', '', 'id:2', 'event: end', 'data:', '', 'data: open'].join(end) + end
      const read = createEventReader()
      const got = []
      for (let at = 0; at < text.length;) {
        const size = sizes.next().value ?? 1
        got.push(...read(text.slice(at, at += size)))
      }
      expect(got).toEqual(events)
    }))
  })
})

describe('neo logs', () => {
  it('understands moments and how long ago', () => {
    const now = Date.parse('2026-01-05T12:00:00.000Z')
    expect(['90s', '10m', '2h', '1d', '2026-01-05'].map(text => parseSince(text, now))).toEqual(['2026-01-05T11:58:30.000Z', '2026-01-05T11:50:00.000Z', '2026-01-05T10:00:00.000Z', '2026-01-04T12:00:00.000Z', '2026-01-05T00:00:00.000Z'])
    expect(() => parseSince('soon', now)).toThrow(UsageError)
    expect([1, 2, 3, 4, 20].filter(isWorthSaying)).toEqual([3, 20])
    expect(formatLine({ ...line(1), step: 'pull' })).toBe('2026-01-05T12:00:00.000Z [pull] line 1')
  })

  it.each([
    ['a clipboard', 'a\u001B]52;c;ZXZpbA==\u0007b', 'ab'],
    ['a title', 'a\u001B]0;evil\u001B\\b', 'ab'],
    ['a title that does not end', 'a\u001B]0;evil', 'a'],
    ['the same in one character', 'a\u009D0;evil\u009Cb\u009B2Jc', 'abc'],
    ['a cursor', 'a\u001B[2J\u001B[1;1Hb\rc\u0008\u001Bcd', 'abcd'],
    ['a colour within another sequence', 'a\u001B\u001B[31mb', 'a\u001B[31mb\u001B[0m'],
  ])('lets no container reach %s of a terminal', (_name, text, shown) => {
    expect(toTerminalText(text)).toBe(shown)
  })

  it('leaves letters, tabs and colours', () => {
    expect(toTerminalText('a\tç 日本 \u001B[1;31mred\u001B[0m')).toBe('a\tç 日本 \u001B[1;31mred\u001B[0m\u001B[0m')
  })
})
