import { describe, expect, it } from 'vitest'
import { parseChannel, parseEvent, type NewEvent } from '@neo-stack/events'
import { playDemoHistory } from '../src/demo-history.ts'

describe('demo history', () => {
  it('plays events that the catalogue accepts, each labelled and with a key of its own', async () => {
    const events: NewEvent[] = []
    await playDemoHistory(event => {
      events.push(event)
      return Promise.resolve({ id: '0190b5a0-7c1e-7000-8000-000000000001', seq: events.length, time: '2026-01-01T00:00:00.000Z' })
    }, 'acme')
    for (const { channel, type, data } of events) {
      const parsed = parseChannel(channel)
      expect(parsed && parseEvent(parsed, type, data)).toMatchObject({ ok: true, data: type.startsWith('billing_') ? { metadata: { demo: true } } : { simulated: true } })
    }
    expect(new Set(events.map(event => event.idempotencyKey)).size).toBe(events.length)
    expect(events.map(event => event.type).filter(type => type !== 'deployment_progress')).toEqual([
      'deployment_start', 'deployment_complete', 'deployment_start', 'deployment_error',
      'billing_subscription', 'billing_invoice', 'billing_payment', 'billing_usage_alert',
    ])
  })
})
