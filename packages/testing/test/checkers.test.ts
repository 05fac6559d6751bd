import { describe, expect, test } from 'vitest'
import { createJournal, findDeliveryFaults, findLeaks, findOrderFaults, type Entry } from '../src/index.ts'

const entries = (...seqs: number[]): Entry[] => seqs.map(seq => ({ channel: 'c', seq, id: `id-${seq}` }))

describe('the delivery checker', () => {
  test('accepts a dense order with every acknowledged event', () => {
    expect(findDeliveryFaults({ received: entries(1, 2, 3), acknowledged: entries(3, 1) })).toEqual([])
  })

  test('starts after the reader\'s snapshot', () => {
    expect(findDeliveryFaults({ received: entries(6, 7), acknowledged: entries(4, 6, 7), after: { c: 5 } })).toEqual([])
  })

  test.each([
    ['a hole', entries(1, 3), ['c: 3 came where 2 was expected']],
    ['a double', entries(1, 1, 2), ['c: 1 again or late, expected 2']],
    ['a wrong order', entries(2, 1), ['c: 2 came where 1 was expected', 'c: 1 again or late, expected 3']],
  ])('finds %s', (_name, received, faults) => {
    expect(findOrderFaults(received)).toEqual(faults)
  })

  test('keeps channels apart', () => {
    const other = entries(1, 2).map(entry => ({ ...entry, channel: 'other', id: `other-${entry.seq}` }))
    expect(findDeliveryFaults({ received: [...entries(1), ...other, ...entries(2)], acknowledged: [] })).toEqual([])
  })

  test('finds an acknowledged event that never arrived', () => {
    expect(findDeliveryFaults({ received: entries(1), acknowledged: entries(1, 2) })).toEqual(['c: 2 (id-2) was acknowledged and never arrived'])
  })

  test('finds another event in an acknowledged place and one event in two places', () => {
    const received = [{ channel: 'c', seq: 1, id: 'other' }, { channel: 'c', seq: 2, id: 'id-1' }]
    expect(findDeliveryFaults({ received, acknowledged: entries(1) })).toEqual(['c#1 holds both id-1 and other', 'id-1 stands at both c#1 and c#2'])
  })
})

describe('the isolation checker', () => {
  test('finds a marker with its place and passes clean texts', () => {
    const transcripts = [{ source: 'clean', text: '{"a":1}' }, { source: 'leaky', text: '{"name":"acme-secret-7"}' }]
    expect(findLeaks(transcripts, ['acme-secret-7'])).toEqual(['leaky tells "acme-secret-7": {"name":"acme-secret-7"}'])
    expect(findLeaks(transcripts.slice(0, 1), ['acme-secret-7'])).toEqual([])
  })

  test('refuses a marker that would be found by accident', () => {
    expect(() => findLeaks([], ['acme'])).toThrow(TypeError)
  })
})

test('a journal keeps what has a place in a log and every text', () => {
  const journal = createJournal()
  journal.receive({ channel: 'c', seq: 1, id: 'a' })
  journal.receive({ channel: 'presence', id: 'b' })
  journal.acknowledge({ channel: 'c', seq: 1, id: 'a' })
  journal.transcribe('frame', 'text')
  expect(journal).toMatchObject({ received: [{ id: 'a' }], acknowledged: [{ id: 'a' }], transcripts: [{ source: 'frame', text: 'text' }] })
})
