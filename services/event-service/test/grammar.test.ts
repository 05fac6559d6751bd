import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuery, type Query } from '../src/history/grammar.ts'

const word = (text: string): Query => ({ kind: 'word', text })
const field = (name: string, value: string, isPrefix = false): Query => ({ kind: 'field', field: name, value, isPrefix })
const all = (...of: Query[]): Query => ({ kind: 'all', of })
const any = (...of: Query[]): Query => ({ kind: 'any', of })
const not = (of: Query): Query => ({ kind: 'not', of })

describe('the search grammar', () => {
  it.each<[string, Query]>([
    ['', all()],
    ['   ', all()],
    ['disk', word('disk')],
    ['disk  full', all(word('disk'), word('full'))],
    ['"disk   is full"', { kind: 'phrase', text: 'disk is full' }],
    ['"never closed', { kind: 'phrase', text: 'never closed' }],
    ['""', all()],
    ['impl*', { kind: 'prefix', text: 'impl' }],
    ['*', word('*')],
    ['-disk', not(word('disk'))],
    ['-"disk full"', not({ kind: 'phrase', text: 'disk full' })],
    ['-', word('-')],
    ['a-b', word('a-b')],
    ['a OR b', any(word('a'), word('b'))],
    ['a OR b OR c', any(word('a'), word('b'), word('c'))],
    ['x a OR b', all(word('x'), any(word('a'), word('b')))],
    ['a or b', all(word('a'), word('or'), word('b'))],
    ['"OR"', { kind: 'phrase', text: 'OR' }],
    ['OR a OR', word('a')],
    ['type:alert', field('type', 'alert')],
    ['TYPE:billing*', field('type', 'billing', true)],
    ['-severity:critical', not(field('severity', 'critical'))],
    ['from:"Ana Maria"', field('from', 'Ana Maria')],
    ['channel:tenant:acme:alerts', field('channel', 'tenant:acme:alerts')],
    ['instanceId:vendas', field('instanceId', 'vendas')],
    ['config.port:80', field('config.port', '80')],
    ['after:2025-12-06', { kind: 'after', time: '2025-12-06T00:00:00.000Z' }],
    ['before:2025-12-06T14:30', { kind: 'before', time: '2025-12-06T14:30:00.000Z' }],
    ['before:2025-12-06T14:30:05-03:00', { kind: 'before', time: '2025-12-06T17:30:05.000Z' }],
    ['http://odoo.example', word('http://odoo.example')],
    ['12:30', word('12:30')],
    ['note:', word('note:')],
  ])('reads %s', (text, query) => {
    expect(parseQuery(text)).toEqual({ query, faults: [] })
  })

  it.each(['after:yesterday', 'before:2025-13-01', 'before:2025-02-30', 'after:2025-12-06T25:00'])('says what is wrong with %s', text => {
    expect(parseQuery(text).faults).toEqual([expect.stringContaining('takes a date')])
  })

  it('refuses more terms than it looks up', () => {
    expect(parseQuery('a '.repeat(32)).faults).toEqual([])
    expect(parseQuery('a '.repeat(33)).faults).toHaveLength(1)
  })

  it('reads every text, and quickly', () => {
    const piece = fc.constantFrom('"', '-', ':', '*', ' ', 'OR', 'a', 'before:', 'type:', '\\', '%', '_', 'ç', '\u0000', '😀')
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(piece).map(parts => parts.join(''))), text => {
      const { query, faults } = parseQuery(text)
      expect(query.kind).toBeTypeOf('string')
      expect(faults.every(fault => fault !== '')).toBe(true)
    }), { numRuns: 2000 })
  })

  it('finds every word again that was put in', () => {
    const plainWord = fc.stringMatching(/^[a-zçãé]{1,12}$/)
    fc.assert(fc.property(fc.array(plainWord, { minLength: 1, maxLength: 20 }), words => {
      const { query } = parseQuery(words.join(' '))
      expect(query.kind === 'all' ? query.of : [query]).toEqual(words.map(word))
    }))
  })
})
