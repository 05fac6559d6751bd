import type { Telemetry } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { createTelemetry } from '../src/telemetry.ts'
import type { TelemetryRecorder } from '../src/telemetry.ts'
import { createManualClock } from './kit/clock.ts'

function setUp({ random = 0, fails = false } = {}): { recorder: TelemetryRecorder, clock: ReturnType<typeof createManualClock>, reports: Telemetry[], paint: () => void } {
  const clock = createManualClock()
  const reports: Telemetry[] = []
  const waiting: (() => void)[] = []
  const report = async (telemetry: Telemetry): Promise<void> => {
    reports.push(telemetry)
    if (fails) throw new Error('no network')
  }
  const recorder = createTelemetry({ clock, random: () => random, report, afterPaint: callback => { waiting.push(callback) } })
  return { recorder, clock, reports, paint: () => { for (const callback of waiting.splice(0)) callback() } }
}

const progress = (clock: { now: () => number }): object => ({ type: 'deployment_progress', time: new Date(clock.now()).toISOString(), data: {} })

describe('telemetry', () => {
  test('tells counts by family and type and times to paint, 15 s after the first event, without channel or content', async () => {
    const { recorder, clock, reports, paint } = setUp()
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    await clock.advance(40)
    paint()
    recorder.onPublication('tenant:globex:deployments', progress(clock))
    recorder.onPublication('tenant:acme:alerts', { type: 'alert', data: { message: 'secret' } })
    await clock.advance(14_959)
    expect(reports).toEqual([])
    await clock.advance(1)
    expect(reports).toEqual([{
      received: [{ family: 'deployments', type: 'deployment_progress', count: 2 }, { family: 'alerts', type: 'alert', count: 1 }], paints: [40],
    }])
  })

  test('says nothing when nothing came, and goes on after a report that failed', async () => {
    const { recorder, clock, reports } = setUp({ fails: true })
    await clock.advance(60_000)
    expect(reports).toEqual([])
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    await clock.advance(15_000)
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    await clock.advance(15_000)
    expect(reports.map(({ received }) => received[0]?.count)).toEqual([1, 1])
  })

  test('is one session\'s in sixteen, and no times of a clock that is wrong', async () => {
    const silent = setUp({ random: 1 / 16 })
    silent.recorder.onPublication('tenant:acme:deployments', progress(silent.clock))
    expect(silent.clock.pending).toEqual([])
    const early = setUp()
    early.recorder.onPublication('tenant:acme:deployments', { type: 'deployment_progress', time: new Date(early.clock.now() + 5000).toISOString() })
    early.paint()
    await early.clock.advance(15_000)
    expect(early.reports[0]?.paints).toEqual([])
  })

  test('stops with its client, and heeds only what is an event on a known channel', async () => {
    const { recorder, clock, reports } = setUp()
    for (const data of [null, 7, {}, { type: 3 }]) recorder.onPublication('tenant:acme:deployments', data)
    recorder.onPublication('elsewhere', progress(clock))
    expect(clock.pending).toEqual([])
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    recorder.stop()
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    await clock.advance(60_000)
    expect(reports).toEqual([])
  })
})
