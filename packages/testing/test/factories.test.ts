import { eventTypes, isEventTypeName, parseChannel, parseEvent, type EventTypeName } from '@neo-stack/events'
import { describe, expect, it } from 'vitest'
import { createFactory } from '../src/index.ts'

const names = Object.keys(eventTypes).filter(isEventTypeName)

/** As the platform's door reads it. */
const parse = ({ channel, type, data }: { channel: string, type: string, data: unknown }): unknown => {
  const parsed = parseChannel(channel)
  return parsed ? parseEvent(parsed, type, data) : `there is no channel ${channel}`
}

describe('a factory', () => {
  it.each(names)('makes a %s that the catalogue takes', type => {
    const { event } = createFactory('acme')
    expect(parse(event(type))).toMatchObject({ ok: true, type })
    expect(parse(event(type)), 'the second one as well').toMatchObject({ ok: true, type })
  })

  it('takes what differs, and only what the type knows', () => {
    const { event } = createFactory('acme')
    expect(event('deployment_error', { deploymentId: 'odoo-7', error: 'No disk' })).toEqual({
      channel: 'tenant:acme:deployments', type: 'deployment_error', data: { deploymentId: 'odoo-7', status: 'failed', error: 'No disk' },
    })
    expect(event('deployment_log', { deploymentId: 'odoo-7' }).channel).toBe('tenant:acme:deployments:odoo-7')
    // @ts-expect-error -- the types of the catalogue say so
    expect(parse(event('alert', { colour: 'red' }))).toMatchObject({ ok: false, faults: [{ path: 'data.colour' }] })
  })

  it('numbers what it makes, the same ones each time, and goes on with the deployment that was started last', () => {
    const make = (): unknown[] => {
      const { alert, deploymentStart, deploymentProgress, event } = createFactory('acme')
      return [alert().data.message, deploymentStart(), deploymentProgress(), event('deployment_complete'), deploymentStart()]
        .map(made => typeof made === 'object' ? (made.data as { deploymentId: string }).deploymentId : made)
    }
    expect(make()).toEqual(['Alert 1', 'deployment-2', 'deployment-2', 'deployment-2', 'deployment-3'])
    expect(make()).toEqual(make())
  })

  it('goes on with the deployment that was started, whatever happened since and whatever it is called', () => {
    const { alert, deploymentStart, deploymentProgress, event } = createFactory('acme')
    deploymentStart()
    alert()
    expect(deploymentProgress().data.deploymentId).toBe('deployment-1')
    deploymentStart({ deploymentId: 'odoo-1' })
    alert()
    expect(event('deployment_complete')).toMatchObject({ data: { deploymentId: 'odoo-1', instanceUrl: 'https://odoo-1.example' } })
    expect(event('deployment_log').channel).toBe('tenant:acme:deployments:odoo-1')
    expect(deploymentProgress({ deploymentId: 'odoo-2' }).data.deploymentId, 'of another where the test says so').toBe('odoo-2')
    expect(deploymentProgress().data.deploymentId).toBe('odoo-1')
  })

  it('addresses what concerns one user to that user, and says the time that it is given', () => {
    const userId = '018f0000-0000-7000-8000-000000000001'
    const { event } = createFactory('acme', () => Date.UTC(2030, 0, 1))
    expect(event('session_revoked', {}, { userId }).channel).toBe(`user:acme/${userId}`)
    expect(event('exam_started').data.startedAt).toBe('2030-01-01T00:00:00.000Z')
  })

  it('refuses a type that the catalogue does not have', () => {
    expect(() => createFactory('acme').event('unheard_of' as EventTypeName)).toThrow()
  })
})
