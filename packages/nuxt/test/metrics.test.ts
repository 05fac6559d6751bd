import type { Envelope, MarkList, MetricsSample } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addAlert } from '../src/runtime/metrics/alerts.ts'
import { joinSeries, toColumns, toCsv, zoomSpan } from '../src/runtime/metrics/ranges.ts'
import { addSample, MAX_SAMPLES, toRate } from '../src/runtime/metrics/series.ts'
import { toLevel } from '../src/runtime/metrics/thresholds.ts'
import { ofTenants, toMarks } from '../src/runtime/metrics/marks.ts'
import { viewOf } from '../src/runtime/metrics/views.ts'

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
  it('has a gap where samples are missing for longer than their slowest period', () => {
    const [times, ins] = toColumns([sample(1), sample(11), sample(40), sample(41)], ['networkIn'])
    expect([times, ins]).toEqual([[1, 11, 12, 40, 41], [1, 11, null, 40, 41]])
    expect(toColumns([], ['cpu', 'memory'])).toEqual([[], [], []])
    expect(toColumns([sample(60), sample(120), sample(300)], ['cpu'], 60)[0]).toEqual([60, 120, 180, 300])
  })

  it('joins what was read and what came live without hole or overlap, whatever was read', () => {
    fc.assert(fc.property(fc.constantFrom(1, 10, 60), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 400 }), (step, end, first, count) => {
      const past = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => sample(index * step))
      // Live samples begin no later than the second after the last point that was read.
      const start = Math.min(first, (past.at(-1)?.at ?? 0) + step)
      const live = Array.from({ length: count }, (_, index) => sample(start + index))
      const joined = joinSeries({ samples: past, step }, live, { from: 0, to: 10_000 })
      const times = joined.map(({ at }) => at)
      const last = past.at(-1)?.at ?? 0
      const newest = Math.max(last, start + count - 1)
      expect(times).toEqual([...past.map(({ at }) => at), ...Array.from({ length: Math.max(0, newest - last - step + 1) }, (_, index) => last + step + index)])
    }), { numRuns: 1000 })
  })

  it('cuts a series at its span', () => {
    expect(joinSeries({ samples: [sample(1), sample(2)], step: 1 }, [sample(2), sample(3), sample(4)], { from: 2, to: 3 }).map(({ at }) => at)).toEqual([2, 3])
  })

  it('is a file with a line per sample', () => {
    expect(toCsv([sample(60, 5)])).toBe('time,cpu,memory,disk,networkIn,networkOut,activeInstances,uptime\r\n1970-01-01T00:01:00.000Z,1,2,3,5,0,1,60\r\n')
  })

  it('zooms around a place, and never too far in', () => {
    expect(zoomSpan({ from: 0, to: 100 }, 50, 0.5)).toEqual({ from: 25, to: 75 })
    expect(zoomSpan({ from: 0, to: 100 }, 100, 2)).toEqual({ from: -100, to: 100 })
    expect(zoomSpan({ from: 0, to: 12 }, 6, 0.1)).toEqual({ from: 1, to: 11 })
  })

  it('has the view of a figure, and marks of what happened, oldest first', () => {
    expect([viewOf('memory'), viewOf('networkOut'), viewOf(undefined), viewOf('uptime')]).toEqual(['usage', 'network', 'network', 'uptime'])
    const event = (type: string, second: number, data: Envelope['data']): Envelope => ({ id: type, type, channel: 'c', time: new Date(second * 1000).toISOString(), data })
    expect(toMarks([event('deployment_error', 9, { instanceId: 'shop' }), event('billing_payment', 4, { paymentId: 'p-1', status: 'completed' })]))
      .toEqual([{ id: 'billing_payment', at: 4, type: 'billing_payment', text: 'p-1', isBad: false }, { id: 'deployment_error', at: 9, type: 'deployment_error', text: 'shop', isBad: true }])
  })

  it('has marks of every tenant for operators, oldest first, each with its tenant', () => {
    const mark = (tenantId: string, second: number, isBad = false): MarkList['marks'][number] => ({ id: tenantId, tenantId, type: 'deployment_error', time: new Date(second * 1000).toISOString(), isBad })
    expect(ofTenants({ marks: [mark('globex', 9, true), mark('acme', 4)] })).toEqual([
      { id: 'acme', at: 4, type: 'deployment_error', text: 'acme', isBad: false }, { id: 'globex', at: 9, type: 'deployment_error', text: 'globex', isBad: true },
    ])
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
