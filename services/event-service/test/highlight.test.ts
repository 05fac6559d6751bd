import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { highlight } from '../src/history/highlight.ts'

const unmark = (html: string): string => html.replaceAll(/<\/?mark>/g, '')
  .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

describe('highlights', () => {
  it.each([
    ['Implantação da vendas', ['implantacao'], [], '<mark>Implantação</mark> da vendas'],
    ['deploying deployed redeploy', [], ['deploy'], '<mark>deploying</mark> <mark>deployed</mark> redeploy'],
    ['a <b> & "c"', ['<b>'], [], 'a <mark>&lt;b&gt;</mark> &amp; &quot;c&quot;'],
    ['aaaa', ['aa'], [], '<mark>aaaa</mark>'],
    ['nothing here', ['else'], [], 'nothing here'],
    ['e\u0301tat', ['etat'], [], '<mark>e\u0301tat</mark>'],
  ])('of %s', (words, parts, starts, html) => {
    expect(highlight(words, { parts, starts })).toBe(html)
  })

  it('shows the piece where something was found', () => {
    const html = highlight(`${'before '.repeat(100)}needle${' after'.repeat(100)}`, { parts: ['needle'], starts: [] })
    expect(html).toMatch(/^…before/)
    expect(html).toContain('<mark>needle</mark>')
    expect(html).toMatch(/…$/)
    expect(html.length).toBeLessThan(240)
  })

  it('never lets markup through, and takes nothing away', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 150 }), fc.string({ maxLength: 4 }), (words, part) => {
      const html = highlight(words, { parts: [part.toLowerCase()], starts: [] })
      expect(html.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>]/)
      expect(unmark(html)).toBe(words)
    }))
  })
})
