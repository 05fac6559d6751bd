import type { Envelope, SearchResult } from '@neo-stack/events'
import type { VueWrapper } from '@vue/test-utils'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { App } from './kit/app.ts'
import EventHistory from '../src/runtime/components/EventHistory.vue'
import { useEventHistory } from '../src/runtime/composables/use-event-history.ts'
import { addNewer, addOlder, hitsOf, noPages, startPages } from '../src/runtime/history/pages-state.ts'
import { toPieces } from '../src/runtime/history/pieces.ts'
import { createApp } from './kit/app.ts'

const toEvent = (seq: number): Envelope => ({
  id: `id-${seq}`, type: 'alert', channel: 'tenant:acme:alerts', seq, time: '2026-01-05T12:00:00.000Z', data: { severity: 'critical', message: `event ${seq}` },
})
const toPage = (newest: number, count: number, more = true): SearchResult => ({
  hits: Array.from({ length: count }, (_, index) => ({ event: toEvent(newest - index), highlight: `a <mark>b</mark> ${newest - index}` })),
  ...more && { next: `after ${newest - count + 1}` }, previous: `before ${newest}`,
})
const byTestId = (name: string): string => `[data-testid="${name}"]`
const mounted: VueWrapper[] = []
afterEach(() => { for (const wrapper of mounted.splice(0)) wrapper.unmount() })

describe('pieces of a highlight', () => {
  it.each([
    ['plain', [{ text: 'plain', isFound: false }]],
    ['a <mark>b</mark> c', [{ text: 'a ', isFound: false }, { text: 'b', isFound: true }, { text: ' c', isFound: false }]],
    ['&lt;img src=x&gt; <mark>&amp;amp;</mark>', [{ text: '<img src=x> ', isFound: false }, { text: '&amp;', isFound: true }]],
    ['', []],
  ])('of %j are text', (highlight, pieces) => {
    expect(toPieces(highlight)).toEqual(pieces)
  })
})

describe('pages of history', () => {
  it('go on in both directions without doubles', () => {
    let pages = startPages(toPage(100, 2), true)
    pages = addOlder(pages, toPage(98, 2, false))
    pages = addNewer(pages, toPage(101, 2), 50)
    expect(hitsOf(pages).map(({ event }) => event.seq)).toEqual([101, 100, 99, 98, 97])
    expect(pages).toMatchObject({ hasOlder: false, hasNewer: false })
  })

  it('let go of what is far away', () => {
    let pages = startPages(toPage(10_000, 10), false)
    for (let page = 1; page < 60; page++) pages = addOlder(pages, toPage(10_000 - page * 10, 10))
    expect(hitsOf(pages)).toHaveLength(400)
    expect(pages.hasNewer).toBe(true)
    expect(addNewer(noPages, toPage(5, 5), 5)).toMatchObject({ hasNewer: true })
  })
})

async function createSearch(pages: SearchResult[]): Promise<{ app: App, search: ReturnType<typeof vi.fn> }> {
  const app = await createApp()
  const search = vi.fn(() => Promise.resolve(pages.shift() ?? { hits: [] }))
  Object.assign(app.fake.client.rest.events, { search })
  return { app, search }
}

describe('useEventHistory', () => {
  it('reads on from where it stands and jumps to a moment', async () => {
    const { app, search } = await createSearch([toPage(10, 3), toPage(7, 3, false), toPage(5, 2), toPage(6, 1)])
    const { result, unmount } = app.run(() => useEventHistory('acme'))
    await result.search({ q: 'disk', type: 'alert' })
    expect(search).toHaveBeenLastCalledWith({ tenant: 'acme', q: 'disk', type: 'alert', limit: 50 }, expect.anything())
    await result.loadOlder()
    expect(search).toHaveBeenLastCalledWith(expect.objectContaining({ q: 'disk', cursor: 'after 8' }), expect.anything())
    expect(result.hits.value.map(({ event }) => event.seq)).toEqual([10, 9, 8, 7, 6, 5])
    expect(result.hasOlder.value).toBe(false)
    await result.search({}, '2026-01-01T00:00:00.000Z')
    expect(search).toHaveBeenLastCalledWith({ tenant: 'acme', to: '2026-01-01T00:00:00.000Z', limit: 50 }, expect.anything())
    expect(result.hasNewer.value).toBe(true)
    await result.loadNewer()
    expect(result.hits.value.map(({ event }) => event.seq)).toEqual([6, 5, 4])
    expect(result.hasNewer.value).toBe(false)
    unmount()
  })

  it('keeps the answer to the last search only', async () => {
    const { app, search } = await createSearch([])
    const answers: ((page: SearchResult) => void)[] = []
    search.mockImplementation(() => new Promise<SearchResult>(resolve => { answers.push(resolve) }))
    const { result, unmount } = app.run(() => useEventHistory('acme'))
    const both = [result.search({ q: 'a' }), result.search({ q: 'ab' })]
    answers[1]?.(toPage(2, 1))
    answers[0]?.(toPage(9, 1))
    await Promise.all(both)
    expect(result.hits.value.map(({ event }) => event.seq)).toEqual([2])
    expect(result.isLoading.value).toBe(false)
    unmount()
  })
})

describe('EventHistory', () => {
  // The test's page has no layout: without a height a virtual list shows nothing.
  beforeEach(() => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800)
  })
  afterEach(() => { vi.restoreAllMocks() })

  async function open(pages: SearchResult[], props: Record<string, unknown> = {}): Promise<{ page: VueWrapper, app: App, search: ReturnType<typeof vi.fn> }> {
    const { app, search } = await createSearch(pages)
    const page = app.mount(EventHistory, { tenantId: 'acme', ...props })
    mounted.push(page)
    return { page, app, search }
  }

  it('shows that it loads, then what happened, marked where it was found', async () => {
    const { page } = await open([toPage(3, 3, false)], { toPermalink: (event: Envelope) => `/h?seq=${event.seq}` })
    expect(page.find(byTestId('history-loading')).exists()).toBe(true)
    await flushPromises()
    await expect.poll(() => page.findAll(byTestId('history-event')).length).toBe(3)
    const rows = page.findAll(byTestId('history-event'))
    expect(rows[0]?.text()).toContain('Alerta')
    expect(rows[0]?.get('mark').text()).toBe('b')
    expect(rows[0]?.find(byTestId('history-permalink')).exists()).toBe(true)
  })

  it('says that nothing was found, and what makes no sense', async () => {
    const { page, search } = await open([])
    await flushPromises()
    expect(page.get(byTestId('history-empty')).text()).toContain('Nenhum evento')
    search.mockRejectedValueOnce({ status: 400, code: 'invalid_request', message: 'x', errors: [{ path: 'q', message: 'takes a date' }] })
    await page.get(`input${byTestId('history-search')}, ${byTestId('history-search')} input`).setValue('before:x')
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(page.get(byTestId('history-invalid')).text()).toContain('takes a date')
  })

  it('explains its grammar and shows what was around an event', async () => {
    const { page, app } = await open([toPage(3, 1, false)])
    app.fake.rest.history.mockResolvedValue({ events: [toEvent(2), toEvent(3), toEvent(4)], logEpoch: 'e', seq: 4, oldestSeq: 1 })
    await flushPromises()
    await page.get(byTestId('history-help')).trigger('click')
    expect(page.get('dl').text()).toContain('palavras que começam assim')
    await expect.poll(() => page.find(byTestId('history-open')).exists()).toBe(true)
    await page.get(byTestId('history-open')).trigger('click')
    await flushPromises()
    expect(page.get(byTestId('history-context')).text()).toContain('event 4')
  })

  it('shows the event of a permalink, or that it is gone', async () => {
    const { page } = await open([toPage(3, 1, false)], { linked: { channel: 'tenant:acme:alerts', seq: 7 } })
    await flushPromises()
    expect(page.get(byTestId('history-linked')).text()).toContain('já não é guardado')
  })
})
