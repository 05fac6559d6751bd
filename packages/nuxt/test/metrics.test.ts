import type { Envelope, MetricsSample } from '@neo-stack/events'
import { describe, expect, it } from 'vitest'
import { addAlert } from '../src/runtime/metrics/alerts.ts'
import { addSample, CHART_SECONDS, MAX_SAMPLES, toNetworkColumns, toRate } from '../src/runtime/metrics/series.ts'
import { toLevel } from '../src/runtime/metrics/thresholds.ts'

const sample = (at: number, networkIn = at): MetricsSample => ({ at, cpu: 1, memory: 2, disk: 3, networkIn, networkOut: 0, activeInstances: 1, uptime: at })
const alert = (id: string, type = 'alert', data = {}): Envelope => ({
  id, type, channel: 'admin:alerts', time: '2026-01-05T12:00:00.000Z', data: { alertId: id, severity: 'warning', message: id, ...data },
})

describe('levels', () => {
  it.each([
    ['cpu', 60, 'ok'], ['cpu', 60.1, 'warning'], ['cpu', 80, 'warning'], ['cpu', 80.1, 'critical'],
    ['memory', 70, 'ok'], ['memory', 85, 'warning'], ['memory', 85.1, 'critical'],
    ['disk', 75, 'ok'], ['disk', 90, 'warning'], ['disk', 90.1, 'critical'],
  ] as const)('of %s at %d percent is %s', (gauge, percent, level) => {
    expect(toLevel(gauge, percent)).toBe(level)
  })
})

describe('the chart', () => {
  it('shows the last minute and a gap where a second has no sample', () => {
    const [times, ins] = toNetworkColumns([sample(1), sample(100), sample(102)])
    expect(times).toHaveLength(CHART_SECONDS)
    expect(times.at(-1)).toBe(102)
    expect(ins.slice(-3)).toEqual([100, null, 102])
  })

  it('is empty without samples', () => {
    expect(toNetworkColumns([])).toEqual([[], [], []])
  })

  it('keeps a bounded number of samples', () => {
    const samples = Array.from({ length: MAX_SAMPLES }, (_, at) => sample(at + 1))
    const more = addSample(samples, sample(MAX_SAMPLES + 1))
    expect(more).toHaveLength(MAX_SAMPLES)
    expect(more[0]?.at).toBe(2)
  })

  it('says rates with a unit', () => {
    expect(toRate(0, 'en')).toBe('0 B/s')
    expect(toRate(1500, 'pt-BR')).toBe('1,5 kB/s')
    expect(toRate(29_100_000, 'en')).toBe('29.1 MB/s')
  })
})

describe('alerts', () => {
  it('stand newest first and change in place when they are resolved', () => {
    const raised = [alert('a'), alert('b')].reduce<ReturnType<typeof addAlert>>(addAlert, [])
    expect(raised.map(({ id }) => id)).toEqual(['b', 'a'])
    const resolved = addAlert(raised, alert('a', 'alert_resolved'))
    expect(resolved.map(({ id, isResolved }) => [id, isResolved])).toEqual([['b', false], ['a', true]])
  })

  it('are acknowledged once, by whoever was first', () => {
    const acknowledgement = (note: string): Envelope => ({ ...alert('x', 'alert_acknowledged'), data: { alertId: 'a', by: 'ana', at: '2026-01-01T00:00:00Z', note } })
    const seen = [alert('a'), acknowledgement('first'), acknowledgement('second')].reduce<ReturnType<typeof addAlert>>(addAlert, [])
    expect(seen).toMatchObject([{ id: 'a', isResolved: false, acknowledged: { note: 'first' } }])
    expect(addAlert(seen, alert('a', 'alert_resolved'))).toMatchObject([{ isResolved: true, acknowledged: { note: 'first' } }])
  })

  it('of an unknown type change nothing', () => {
    const none: ReturnType<typeof addAlert> = []
    expect(addAlert(none, alert('a', 'metrics_update'))).toBe(none)
  })
})
