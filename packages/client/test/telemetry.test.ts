import type { Telemetry, TelemetryNoted } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { createTelemetry } from '../src/telemetry.ts'
import type { TelemetryRecorder } from '../src/telemetry.ts'
import { createManualClock } from './kit/clock.ts'

/** @param aheadMs how far this side's clock is ahead of the service's */
function setUp({ random = 0, fails = false, aheadMs = 0, tripMs = 0 } = {}): { recorder: TelemetryRecorder, clock: ReturnType<typeof createManualClock>, reports: Telemetry[], paint: () => void } {
  const clock = createManualClock()
  const reports: Telemetry[] = []
  const waiting: (() => void)[] = []
  const report = async (telemetry: Telemetry): Promise<TelemetryNoted> => {
    reports.push(telemetry)
    if (fails) throw new Error('no network')
    const now = new Date(clock.now() - aheadMs).toISOString()
    if (tripMs > 0) await new Promise<void>(resolve => { clock.setTimeout(resolve, tripMs) })
    return { now }
  }
  const recorder = createTelemetry({ clock, random: () => random, report, afterPaint: callback => { waiting.push(callback) } })
  return { recorder, clock, reports, paint: () => { for (const callback of waiting.splice(0)) callback() } }
}

const progress = (clock: { now: () => number }): object => ({ type: 'deployment_progress', time: new Date(clock.now()).toISOString(), data: {} })

describe('telemetry', () => {
  test('tells counts by family and type, 15 s after the first event, without channel or content', async () => {
    const { recorder, clock, reports } = setUp()
    recorder.onPublication('tenant:acme:deployments', progress(clock))
    recorder.onPublication('tenant:globex:deployments', progress(clock))
    recorder.onPublication('tenant:acme:alerts', { type: 'alert', data: { message: 'secret' } })
    await clock.advance(14_999)
    expect(reports).toEqual([])
    await clock.advance(1)
    expect(reports).toEqual([{
      received: [{ family: 'deployments', type: 'deployment_progress', count: 2 }, { family: 'alerts', type: 'alert', count: 1 }], paints: [],
    }])
  })

  test.each([['right', 0], ['an hour ahead', 3_600_000], ['a second behind', -1000]])('tells times to paint by the service\'s clock once an answer told it, though this side\'s is %s', async (_, aheadMs) => {
    const { recorder, clock, reports, paint } = setUp({ aheadMs })
    const event = (): object => ({ type: 'deployment_progress', time: new Date(clock.now() - aheadMs).toISOString() })
    const show = async (): Promise<void> => {
      recorder.onPublication('tenant:acme:deployments', event())
      await clock.advance(40)
      paint()
    }
    await show()
    await clock.advance(15_000)
    await show()
    await clock.advance(15_000)
    expect(reports.map(({ paints }) => paints)).toEqual([[], [40]])
  })

  test('tells no times to paint while the way to the service is too long to know its time by', async () => {
    const { recorder, clock, reports, paint } = setUp({ tripMs: 400 })
    for (let n = 0; n < 2; n++) {
      recorder.onPublication('tenant:acme:deployments', progress(clock))
      await clock.advance(20)
      paint()
      await clock.advance(16_000)
    }
    expect(reports.map(({ paints }) => paints)).toEqual([[], []])
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

  test('is one session\'s in sixteen', () => {
    const silent = setUp({ random: 1 / 16 })
    silent.recorder.onPublication('tenant:acme:deployments', progress(silent.clock))
    expect(silent.clock.pending).toEqual([])
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
