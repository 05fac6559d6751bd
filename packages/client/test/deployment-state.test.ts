import type { Deployment, Envelope } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyDeploymentEvent, isFinished, toDeploymentMap } from '../src/index.ts'

const known: Deployment = {
  deploymentId: 'd1', instanceId: 'loja', instanceType: 'odoo', kind: 'create', status: 'in_progress', progress: 40, step: 'install',
  params: { version: '18' }, nextSteps: [{ id: 'wait', params: {} }], estimatedCompletion: '2026-01-01T00:10:00.000Z', logLines: 12,
  createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:01:00.000Z',
}
const time = '2026-01-01T00:02:00.000Z'

const event = (type: string, data: Record<string, unknown>, at = time): Envelope =>
  ({ id: '0197a1b2-0000-7000-8000-000000000000', type, channel: 'tenant:acme:deployments', time: at, data: { deploymentId: 'd1', ...data } })
const after = (type: string, data: Record<string, unknown> = {}): Deployment | undefined =>
  applyDeploymentEvent(toDeploymentMap([known]), event(type, data)).get('d1')

describe('a deployment event is a patch', () => {
  test('a progress event keeps the type, the next steps and the rest of what was known', () => {
    expect(after('deployment_progress', { progress: 60 })).toEqual({ ...known, progress: 60, updatedAt: time })
  })

  test('a new step without parameters does not keep those of the step before', () => {
    expect(after('deployment_progress', { progress: 60, step: 'configure' })).toMatchObject({ step: 'configure', instanceType: 'odoo' })
    expect(after('deployment_progress', { progress: 60, step: 'configure' })).not.toHaveProperty('params')
    expect(after('deployment_progress', { progress: 60, step: 'configure', params: { n: 1 } })?.params).toEqual({ n: 1 })
  })

  test.each([
    ['deployment_start', { instanceType: 'odoo' }, { status: 'starting' }],
    ['deployment_start', { instanceType: 'odoo', status: 'queued' }, { status: 'queued' }],
    ['deployment_progress', { progress: 50 }, { status: 'in_progress', progress: 50 }],
    ['deployment_complete', { instanceUrl: 'https://a.example' }, { status: 'completed', progress: 100, instanceUrl: 'https://a.example', finishedAt: time }],
    ['deployment_error', { error: 'no space' }, { status: 'failed', error: 'no space', progress: 40, finishedAt: time }],
    ['deployment_cancelled', {}, { status: 'cancelled', finishedAt: time }],
  ])('%s %j leads to %j', (type, data, expected) => {
    expect(after(type, data)).toMatchObject(expected)
  })

  test('an end takes away what was to come, unless it says it anew', () => {
    expect(after('deployment_error', { error: 'x' })).not.toHaveProperty('estimatedCompletion')
    expect(after('deployment_complete', { nextSteps: [{ id: 'open', params: {} }] })?.nextSteps).toEqual([{ id: 'open', params: {} }])
  })

  test('the instance never changes and lines given inside belong to the log', () => {
    expect(after('deployment_progress', { progress: 1, instanceId: 'other', logs: ['a'] })).toMatchObject({ instanceId: 'loja', logLines: 12 })
    expect(after('deployment_progress', { progress: 1, logs: ['a'] })).not.toHaveProperty('logs')
  })
})

test('an unknown deployment is created from what is known and comes first', () => {
  const map = applyDeploymentEvent(toDeploymentMap([known]), event('deployment_progress', { deploymentId: 'd2', instanceId: 'rede', progress: 5 }))
  expect([...map.keys()]).toEqual(['d2', 'd1'])
  expect(map.get('d2')).toMatchObject({ instanceId: 'rede', status: 'in_progress', progress: 5, createdAt: time })
})

test('nothing changes a deployment after its end, nor do other types of event', () => {
  const ended = applyDeploymentEvent(toDeploymentMap([known]), event('deployment_cancelled', {}))
  expect(applyDeploymentEvent(ended, event('deployment_progress', { progress: 90 }))).toBe(ended)
  expect(applyDeploymentEvent(ended, event('alert', {}))).toBe(ended)
  expect(applyDeploymentEvent(ended, event('deployment_progress', { deploymentId: 7 }))).toBe(ended)
})

test('the map before is left as it was and unchanged deployments stay the same objects', () => {
  const before = toDeploymentMap([known, { ...known, deploymentId: 'd0' }])
  const next = applyDeploymentEvent(before, event('deployment_progress', { progress: 60 }))
  expect(before.get('d1')).toBe(known)
  expect(next.get('d0')).toBe(before.get('d0'))
})

test('whatever comes, the map is ordered newest first, its types stay known and an end is final', () => {
  const types = ['deployment_start', 'deployment_progress', 'deployment_complete', 'deployment_error', 'deployment_cancelled', 'alert']
  const events = fc.array(fc.record({
    type: fc.constantFrom(...types), deploymentId: fc.constantFrom('a', 'b', 'c', 'd'), minute: fc.nat(59), progress: fc.nat(99),
  }), { maxLength: 40 })
  fc.assert(fc.property(events, all => {
    let map = toDeploymentMap([])
    for (const { type, deploymentId, minute, progress } of all) {
      const before = map.get(deploymentId)
      map = applyDeploymentEvent(map, event(type, { deploymentId, progress }, `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`))
      if (before && isFinished(before)) expect(map.get(deploymentId)).toBe(before)
    }
    const order = [...map.values()].map(({ createdAt, deploymentId }) => `${createdAt} ${deploymentId}`)
    expect(order).toEqual([...order].sort().reverse())
  }))
})
