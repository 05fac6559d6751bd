import type { LogLine } from '@neo-stack/events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { LogStore } from '@neo-stack/client'
import { nextTick, shallowRef } from 'vue'
import LogViewer from '../src/runtime/components/LogViewer.vue'
import { toPieces } from '../src/runtime/log/pieces.ts'
import { formatRange, parseRange } from '../src/runtime/log/range.ts'
import { toRows } from '../src/runtime/log/rows.ts'
import { HIGHEST, ROW_HEIGHT, toScrollTop, toShown, toSpace } from '../src/runtime/log/window.ts'
import { createApp } from './kit/app.ts'

const line = (n: number, text = `line ${n}`, over: Partial<LogLine> = {}): LogLine => ({ n, time: new Date(1_800_000_000_000 + n * 1000).toISOString(), stream: 'stdout', text, ...over })
const lines = (from: number, to: number): LogLine[] => Array.from({ length: to - from + 1 }, (_, index) => line(from + index))
const HEIGHT = 400
const mounted: VueWrapper[] = []
const byTestId = (name: string): string => `[data-testid="${name}"]`

beforeEach(() => { vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(HEIGHT) })
afterEach(() => {
  for (const wrapper of mounted.splice(0)) wrapper.unmount()
  vi.restoreAllMocks()
})

interface Open {
  view: VueWrapper
  store: LogStore
  add: (more: readonly LogLine[]) => Promise<void>
  scrollTo: (top: number) => Promise<void>
  shown: () => number[]
  press: (key: string) => Promise<void>
  need: ReturnType<typeof vi.fn>
}

async function open(all: readonly LogLine[], props: Record<string, unknown> = {}): Promise<Open> {
  const app = await createApp()
  const store = new LogStore()
  store.put(all)
  const version = shallowRef(0)
  const need = vi.fn()
  const view = app.mount(LogViewer, { source: { store, version, need }, name: 'Vendas', ...props })
  mounted.push(view)
  const settle = async (): Promise<void> => {
    await flushPromises()
    await nextTick()
  }
  await settle()
  const box = view.get(byTestId('deployment-log'))
  return {
    view, store, need,
    add: async more => {
      store.put(more)
      version.value++
      await settle()
    },
    scrollTo: async top => {
      box.element.scrollTop = top
      await box.trigger('scroll')
      await settle()
    },
    shown: () => view.findAll(byTestId('log-line')).map(row => Number(row.attributes('data-line'))),
    press: async key => {
      await box.trigger('keydown', { key })
      await settle()
    },
  }
}

describe('LogViewer', () => {
  it('has some hundred rows at most of a million lines, and shows the last ones', async () => {
    const store = new LogStore()
    for (let from = 1; from <= 1_000_000; from += 10_000) store.put(lines(from, from + 9999))
    const app = await createApp()
    const view = app.mount(LogViewer, { source: { store, version: shallowRef(0), need: () => undefined }, name: 'Vendas' })
    mounted.push(view)
    await flushPromises()
    const rows = view.findAll(byTestId('log-line'))
    expect(rows.length).toBeGreaterThan(HEIGHT / ROW_HEIGHT)
    expect(rows.length).toBeLessThanOrEqual(300)
    expect(rows.at(-1)?.attributes('data-line')).toBe('1000000')
  }, 60_000)

  it('follows the end until the reader scrolls away, then counts what came', async () => {
    const { view, add, scrollTo, shown } = await open(lines(1, 1000))
    await add(lines(1001, 1100))
    expect(shown().at(-1)).toBe(1100)
    await scrollTo(0)
    await add(lines(1101, 1150))
    expect(shown()[0]).toBe(1)
    expect(view.get(byTestId('log-follow')).text()).toContain('50')
    await view.get(byTestId('log-follow')).trigger('click')
    await nextTick()
    expect(shown().at(-1)).toBe(1150)
    expect(view.find(byTestId('log-follow')).exists()).toBe(false)
  })

  it('asks for lines that are looked at and not held, and says so in their place', async () => {
    const { view, need, scrollTo } = await open(lines(9001, 9100))
    await scrollTo(0)
    expect(need).toHaveBeenCalledWith(1)
    expect(view.get('[data-line="1"]').text()).toContain('…')
  })

  it('searches the whole log, counts and goes from one to the next, round', async () => {
    const { view, shown } = await open(lines(1, 5000))
    await view.get(byTestId('log-search')).setValue('line 77')
    await flushPromises()
    await expect.poll(() => view.get(byTestId('log-found')).text()).toBe('0 de 11')
    await view.get(byTestId('log-search')).trigger('keydown.enter')
    await flushPromises()
    expect(shown()).toContain(77)
    expect(view.get(byTestId('log-found')).text()).toBe('1 de 11')
    await view.get(byTestId('log-search')).trigger('keydown.enter', { shiftKey: true })
    await flushPromises()
    expect(view.get(byTestId('log-found')).text()).toBe('11 de 11')
    await view.get(byTestId('log-regex')).trigger('click')
    await view.get(byTestId('log-search')).setValue('(')
    expect(view.get(byTestId('log-found')).text()).toContain('não é um padrão')
  })

  it('goes to the lines of its address, marks them, and gives the address of chosen ones', async () => {
    const { view, shown } = await open(lines(1, 5000), { hash: '#L1200-L1210' })
    expect(shown()).toContain(1200)
    expect(view.get('[data-line="1205"]').classes()).toContain('bg-primary/10')
    await view.get('[data-line="1202"] a').trigger('click')
    await view.get('[data-line="1204"] a').trigger('click', { shiftKey: true })
    expect(view.emitted('update:hash')).toEqual([['#L1202'], ['#L1202-L1204']])
  })

  it('goes to the lines of its address although they come after it was opened', async () => {
    const { view, add, shown } = await open([], { hash: '#L1200' })
    await add(lines(1, 5000))
    expect(shown()).toContain(1200)
    expect(view.get('[data-line="1200"]').classes()).toContain('bg-primary/10')
  })

  it('is walked through by keys', async () => {
    const { shown, press, view } = await open([...lines(1, 500), line(501, 'broken', { stream: 'stderr' }), ...lines(502, 1000)])
    await press('g')
    expect(shown()[0]).toBe(1)
    await press('n')
    expect(shown()).toContain(501)
    expect(view.get('[data-line="501"]').classes()).toContain('bg-primary/10')
    await press('G')
    expect(shown().at(-1)).toBe(1000)
    await press('p')
    expect(shown()).toContain(501)
    await press('G')
    await press('k')
    await press('f')
    expect(shown().at(-1)).toBe(1000)
    await press('/')
    expect(document.activeElement).toBe(view.get(byTestId('log-search')).element)
  })

  it('goes from what is in sight to the next error, not to one just above or below', async () => {
    const { view, press, scrollTo } = await open(lines(1, 1000).map(one => [95, 110, 515, 530].includes(one.n) ? { ...one, stream: 'stderr' } : one))
    const isMarked = (n: number): boolean => view.find(`[data-line="${n}"]`).classes().includes('bg-primary/10')
    await scrollTo(99 * ROW_HEIGHT)
    await press('n')
    expect(isMarked(110)).toBe(true)
    await scrollTo(504 * ROW_HEIGHT)
    await press('p')
    expect(isMarked(515)).toBe(true)
    await press('p')
    expect(isMarked(110)).toBe(true)
  })

  it('folds groups, and unfolds the one that hides what is gone to', async () => {
    const { view, shown } = await open([line(1, '::group::Build'), line(2), line(3, '::group::Inner'), line(4, 'needle'), line(5, '::endgroup::'), line(6, '::endgroup::'), line(7)])
    expect(view.get('[data-line="1"]').text()).toContain('Build5 s')
    await view.get('[data-line="1"] button').trigger('click')
    expect(shown()).toEqual([1, 7])
    await view.get(byTestId('log-search')).setValue('needle')
    await flushPromises()
    await view.get(byTestId('log-search')).trigger('keydown.enter')
    await flushPromises()
    expect(shown()).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('copies chosen lines without their colours, and saves the log as it is', async () => {
    const copy = vi.fn().mockResolvedValue(undefined)
    const save = vi.fn()
    const { view } = await open([line(1, '\u001B[31mred\u001B[0m'), line(2), line(3)], { copy, save, hash: '#L1-L2' })
    await view.get(byTestId('log-copy')).trigger('click')
    await view.get(byTestId('log-download')).trigger('click')
    await flushPromises()
    expect(copy).toHaveBeenCalledWith('red\nline 2')
    expect(save).toHaveBeenCalledWith('Vendas.log', '\u001B[31mred\u001B[0m\nline 2\nline 3\n')
  })

  it('tells a screen reader how many lines came, not each of them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { view, add } = await open(lines(1, 10))
    await add(lines(11, 40))
    vi.advanceTimersByTime(5000)
    await nextTick()
    expect(view.get(byTestId('log-said')).text()).toBe('30 novas linhas')
    expect(view.get('[role="log"]').attributes('aria-live')).toBe('off')
    vi.useRealTimers()
  })

  it('puts no element and no attribute of a line into the page, of 100,000 random ones', async () => {
    let seed = 7
    const random = (): number => (seed = Math.imul(seed, 1_103_515_245) + 12_345 >>> 0) / 2 ** 32
    const parts = ['<img src=x onerror=alert(1)>', '<script>', '"\'>', '\u001B[31m', '\u001B[38;2;1;2;3m', '\u001B]8;;javascript:alert(1)\u0007', 'javascript:alert(1)', '&lt;', '</span>', '\r', 'http://x.example/"onmouseover="x', '::group::<b>']
    const noise = (): string => Array.from({ length: 12 }, () => random() < 0.4 ? parts[Math.floor(random() * parts.length)] : String.fromCharCode(random() * 256, random() * 256)).join('')
    const all = Array.from({ length: 100_000 }, (_, index) => line(index + 1, noise()))
    const { view, scrollTo } = await open(all)
    const allowed = new Set(['DIV', 'SPAN', 'A', 'TIME', 'BUTTON'])
    const attributes = new Set(['class', 'style', 'data-testid', 'data-line', 'href', 'target', 'rel', 'tabindex', 'aria-label', 'aria-expanded', 'datetime', 'type'])
    const box = view.get(byTestId('deployment-log')).element
    for (let top = 0; top < 100_000 * ROW_HEIGHT; top += 100_000) {
      await scrollTo(top)
      for (const element of box.querySelectorAll('*')) {
        expect(allowed).toContain(element.tagName)
        for (const { name } of element.attributes) expect(attributes).toContain(name)
        expect(element.getAttribute('href') ?? 'https:').toMatch(/^(?:https?:|#L\d)/)
        expect(element.getAttribute('style') ?? '').toMatch(/^(?:[\w-]+: (?:[\d.]+(?:px|rem)|rgb\(\d+ \d+ \d+\)|var\(--ui-[a-z-]+\)|translateY\(-?[\d.]+px\));? ?)*$/)
      }
    }
    for (const one of all) expect(toPieces(one.text).every(({ href }) => href === undefined || /^https?:/.test(href))).toBe(true)
  }, 120_000)
})

describe('pieces of a line', () => {
  it.each([
    ['\u001B[31mred\u001B[39m plain', [{ text: 'red', look: { color: 'red' } }, { text: ' plain', look: {} }]],
    ['\u001B[1;93;44mx\u001B[0my', [{ text: 'x', look: { isBold: true, color: 'bright-yellow', background: 'blue' } }, { text: 'y', look: {} }]],
    ['\u001B[38;5;196mx', [{ text: 'x', look: { color: 'rgb(255 0 0)' } }]],
    ['\u001B[38;5;9m\u001B[48;5;240mx', [{ text: 'x', look: { color: 'bright-red', background: 'rgb(88 88 88)' } }]],
    ['\u001B[38;2;300;0;7mx', [{ text: 'x', look: { color: 'rgb(255 0 7)' } }]],
    ['10%\r100%', [{ text: '100%', look: {} }]],
    ['see https://x.example/a. ok', [{ text: 'see ', look: {} }, { text: 'https://x.example/a', look: {}, href: 'https://x.example/a' }, { text: '. ok', look: {} }]],
  ])('of %j', (text, pieces) => {
    expect(toPieces(text)).toEqual(pieces)
  })

  it('mark what was searched over the borders of colours', () => {
    expect(toPieces('a\u001B[31mbc\u001B[0md', /bcd/g).map(({ text, isFound }) => [text, isFound ?? false])).toEqual([['a', false], ['bc', true], ['d', true]])
  })
})

describe('places in a log', () => {
  it('reach every row in a space that a browser can lay out', () => {
    for (const count of [1, 19, 1000, 500_000, 10_000_000]) {
      expect(toSpace(count)).toBeLessThanOrEqual(HIGHEST)
      for (const row of [1, Math.ceil(count / 3), Math.ceil(count / 2), count]) {
        const shown = toShown({ count, height: HEIGHT, scrollTop: toScrollTop(row, { count, height: HEIGHT }) })
        expect(shown.first).toBeLessThanOrEqual(row)
        expect(shown.last).toBeGreaterThanOrEqual(row)
        expect(shown.last - shown.first).toBeLessThan(300)
      }
    }
  })

  it('lead from rows to lines and back, whatever is folded', () => {
    const groups = [{ from: 2, end: 6, title: 'a', depth: 0 }, { from: 3, end: 4, title: 'b', depth: 1 }, { from: 8, title: 'c', depth: 0 }]
    for (const folded of [[], [2], [3], [2, 3], [8], [2, 8], [3, 8]]) {
      const rows = toRows(10, groups, new Set(folded))
      const visible = Array.from({ length: 10 }, (_, index) => index + 1).filter(n => !groups.some(({ from, end = 10 }) => folded.includes(from) && n > from && n <= end))
      expect(Array.from({ length: rows.count }, (_, index) => rows.lineOf(index + 1))).toEqual(visible)
      expect(visible.map(rows.rowOf)).toEqual(visible.map((_, index) => index + 1))
      expect(rows.isHidden(4)).toBe(!visible.includes(4))
    }
  })

  it('are named by addresses', () => {
    expect(parseRange('#L120-L140')).toEqual({ from: 120, to: 140 })
    expect(parseRange('#L9-L2')).toEqual({ from: 2, to: 9 })
    expect(parseRange('#L7')).toEqual({ from: 7, to: 7 })
    for (const bad of ['', '#L0', '#L', '#Lx', '#L1-2']) expect(parseRange(bad)).toBeUndefined()
    expect(formatRange({ from: 3, to: 3 })).toBe('#L3')
  })
})
