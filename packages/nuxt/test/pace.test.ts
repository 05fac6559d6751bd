import { expect, it } from 'vitest'
import type { Deployment } from '@neo-stack/events'
import { isSlow, toPace, toQuietSeconds } from '../src/runtime/deployments/estimate.ts'
import { placeSteps, toPastSteps } from '../src/runtime/deployments/steps.ts'
import { toDeployment } from './kit/fake-client.ts'

const start = Date.parse('2026-01-05T12:00:00.000Z')
const at = (second: number): string => new Date(start + second * 1000).toISOString()
const done = (seconds: number, over: Partial<Deployment> = {}): Deployment => toDeployment({ deploymentId: `d-${seconds}`, status: 'completed', createdAt: at(0), finishedAt: at(seconds), ...over })
const running = toDeployment({ deploymentId: 'now', status: 'in_progress', createdAt: at(0), updatedAt: at(10) })

it('knows the usual pace by the last ten successes of the same kind', () => {
  const all = [...Array.from({ length: 10 }, (_, index) => done(100 + index * 10)), done(9999), done(1, { kind: 'delete' }), done(2, { instanceType: 'netbox' }), done(3, { status: 'failed' })]
  expect(toPace(all, running)).toEqual({ p50: 140, p90: 180, isFirst: false })
  expect(toPace([done(5)], { ...running, expectedSeconds: 60 })).toEqual({ p50: 5, p90: 5, isFirst: false })
  expect(toPace([done(0), done(5)], running)).toEqual({ p50: 5, p90: 5, isFirst: false })
  expect(toPace([done(0)], running)).toBeUndefined()
  expect(toPace([], running)).toBeUndefined()
})

it('takes the catalogue\'s figures for the first of its kind', () => {
  const others = [done(100, { instanceType: 'netbox' }), done(50, { status: 'failed' })]
  expect(toPace(others, { ...running, expectedSeconds: 60 })).toEqual({ p50: 60, p90: 90, isFirst: true })
})

it('counts no second that it waited in the queue', () => {
  const waited = { ...running, createdAt: at(0), startedAt: at(500) }
  expect([649, 651].map(second => isSlow(waited, { p50: 100, p90: 180, isFirst: false }, start + second * 1000))).toEqual([false, true])
  expect(toPace([done(900, { startedAt: at(880) })], running)).toMatchObject({ p50: 20 })
})

it('calls slow what takes more than half as long again as half of the others', () => {
  const pace = { p50: 100, p90: 180, isFirst: false }
  expect([149, 151].map(second => isSlow(running, pace, start + second * 1000))).toEqual([false, true])
  expect(isSlow({ ...running, status: 'queued' }, pace, start + 1_000_000)).toBe(false)
  expect(isSlow(running, undefined, start + 1_000_000)).toBe(false)
})

it('calls quiet what said nothing for a minute, neither as event nor in its log', () => {
  const quiet = (second: number, lastOutput?: number): number | undefined => toQuietSeconds(running, lastOutput === undefined ? undefined : start + lastOutput * 1000, start + second * 1000)
  expect([quiet(69), quiet(70), quiet(90, 50), quiet(110, 50)]).toEqual([undefined, 60, undefined, 60])
  expect(toQuietSeconds(done(5), undefined, start + 1_000_000)).toBeUndefined()
})

it('says how long each step took that is over', () => {
  const event = (step: string, second: number): { type: 'deployment_progress', time: string, data: Record<string, unknown> } => ({ type: 'deployment_progress', time: at(second), data: { deploymentId: 'd', step, params: {} } })
  const seen = toPastSteps('d', [event('pull_image', 0), event('pull_image', 5), event('create_network', 12)])
  expect(placeSteps({ ...running, step: 'create_network', params: {} }, seen).map(({ seconds }) => seconds)).toEqual([12, undefined])
  expect(placeSteps({ ...running, status: 'completed', step: 'create_network', params: {}, finishedAt: at(20) }, seen).map(({ seconds }) => seconds)).toEqual([12, 8])
})
