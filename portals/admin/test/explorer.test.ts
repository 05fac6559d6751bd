import type { Envelope } from '@neo-stack/events'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { addEvents, filterEvents, MAX_KEPT, toCurl } from '../app/explorer.ts'

const eventOf = (n: number, patch: Partial<Envelope> = {}): Envelope =>
  ({ id: `id-${n}`, type: 'alert', channel: 'tenant:acme:alerts', time: '2026-01-01T00:00:00.000Z', data: { message: `Disco ${n}` }, seq: n, logEpoch: 'e', ...patch })

describe('the events that the explorer keeps', () => {
  it('are newest first, each once, and never more than there is room for', () => {
    const kept = addEvents(addEvents([], [eventOf(1), eventOf(2)]), [eventOf(2), eventOf(3)])
    expect(kept.map(({ seq }) => seq)).toEqual([3, 2, 1])
    expect(addEvents(kept, [eventOf(1)])).toBe(kept)
    const many = addEvents(kept, Array.from({ length: MAX_KEPT }, (_, n) => eventOf(n + 10)))
    expect([many.length, many[0]?.seq, many.at(-1)?.seq]).toEqual([MAX_KEPT, MAX_KEPT + 9, 10])
  })

  it('are found by all the words of what they say', () => {
    const events = [eventOf(1), eventOf(2, { type: 'alert_resolved' })]
    expect(filterEvents(events, 'disco RESOLVED').map(({ seq }) => seq)).toEqual([2])
    expect(filterEvents(events, '  ')).toBe(events)
  })
})

describe('a command that reads an event again', () => {
  const argumentsOf = (command: string): string[] => execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; NEO_KEY=k; ${command}`]).toString().trimEnd().split('\n')

  it('asks the log for that one event, with the key of whoever runs it', () => {
    const command = toCurl(eventOf(7), 'https://events.example')
    expect(command).toContain('$NEO_KEY')
    expect(argumentsOf(command)).toEqual(['-H', 'Authorization: Bearer k', 'https://events.example/v1/history?channel=tenant%3Aacme%3Aalerts&after=6&limit=1'])
  })

  it('sends again what no log keeps, whatever stands in it', () => {
    const data = { text: 'it\'s $(rm -rf /) "quoted" `x`' }
    const { seq: _, ...event } = eventOf(1, { type: 'presence_update', channel: 'tenant:acme:presence', data })
    const given = argumentsOf(toCurl(event, 'https://events.example'))
    expect(JSON.parse(given[5] ?? '')).toEqual({ channel: 'tenant:acme:presence', type: 'presence_update', data })
  })
})
