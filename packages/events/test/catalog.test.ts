import { describe, expect, it } from 'vitest'
import { channelFamilies, eventTypes, parseChannel, parseEvent, type Channel } from '../src/index.ts'

const channel = (name: string): Channel => {
  const parsed = parseChannel(name)
  if (!parsed) throw new Error(`no channel ${name}`)
  return parsed
}
const deployments = channel('tenant:acme:deployments')

describe('event catalogue', () => {
  it('names every type by its own key and only families that exist', () => {
    for (const [name, event] of Object.entries(eventTypes)) {
      expect(event.type).toBe(name)
      for (const family of event.families) expect(channelFamilies).toHaveProperty(family)
    }
  })

  it('takes the specification\'s payload and drops what the envelope carries', () => {
    const data = { tenantId: 'acme', deploymentId: 'd1', instanceType: 'odoo', status: 'starting', progress: 0, currentStep: 'x', logs: [], timestamp: 'now' }
    const parsed = parseEvent(deployments, 'deployment_start', data)
    expect(parsed).toEqual({
      ok: true, type: 'deployment_start',
      data: { deploymentId: 'd1', instanceType: 'odoo', status: 'starting', progress: 0, currentStep: 'x', logs: [] },
    })
  })

  it.each([
    ['deployment_progress', { deploymentId: 'd1', progress: 101 }, 'data.progress'],
    ['deployment_progress', { deploymentId: 'd1', progress: 50, extra: 1 }, 'data.extra'],
    ['deployment_progress', { deploymentId: 'D 1', progress: 50 }, 'data.deploymentId'],
    ['deployment_progress', { deploymentId: 'd1', progress: 50, tenantId: 'globex' }, 'data.tenantId'],
    ['deployment_progress', { deploymentId: 'd1', progress: 50, logs: ['a', 2] }, 'data.logs.1'],
    ['deployment_progress', { deploymentId: 'd1', progress: 50, type: 'alert' }, 'data.type'],
    ['deployment_error', { deploymentId: 'd1' }, 'data.error'],
    ['deployment_start', { deploymentId: 'd1', instanceType: 'Word Press' }, 'data.instanceType'],
    ['deployment_start', null, 'data'],
    ['deployment_start', [], 'data'],
  ])('refuses %s %j with the path', (type, data, path) => {
    const parsed = parseEvent(deployments, type, data)
    expect(parsed).toMatchObject({ ok: false, code: 'invalid_request' })
    expect(!parsed.ok && parsed.faults.map(fault => fault.path)).toContain(path)
  })

  it.each(['alert', 'nonsense', 'constructor', '__proto__', 'toString'])('refuses type %s on the deployments channel', type => {
    expect(parseEvent(deployments, type, {})).toMatchObject({ ok: false, code: 'unknown_event_type' })
  })

  it('keeps a key called __proto__ from touching any prototype', () => {
    parseEvent(deployments, 'deployment_progress', JSON.parse('{"deploymentId":"d1","progress":1,"__proto__":{"polluted":true}}'))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
