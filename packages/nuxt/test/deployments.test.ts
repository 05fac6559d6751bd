import { describe, expect, it } from 'vitest'
import { emptyDraft, toFaultyFields, toRequest } from '../src/runtime/deployments/draft.ts'
import { ownStacks } from '../src/runtime/deployments/stacks.ts'
import { toEstimate, toTookSeconds } from '../src/runtime/deployments/estimate.ts'
import { inDisplayOrder, toTitle } from '../src/runtime/deployments/status.ts'
import { addStep, placeSteps, toPastLeft, toPastSteps } from '../src/runtime/deployments/steps.ts'
import { toDeployment } from './kit/fake-client.ts'

const now = Date.parse('2026-01-05T12:00:30.000Z')

describe('the expected end', () => {
  it('is a moment and the seconds until it', () => {
    const deployment = toDeployment({ estimatedCompletion: '2026-01-05T12:00:42.400Z' })
    expect(toEstimate(deployment, now)).toEqual({ kind: 'at', time: '2026-01-05T12:00:42.400Z', seconds: 12 })
  })

  it('is any moment when it has passed, and nothing once the deployment ended or without an estimate', () => {
    expect(toEstimate(toDeployment({ estimatedCompletion: '2026-01-05T12:00:10.000Z' }), now)).toEqual({ kind: 'late' })
    expect(toEstimate(toDeployment({ status: 'completed', estimatedCompletion: '2026-01-05T12:01:00.000Z' }), now)).toEqual({ kind: 'none' })
    expect(toEstimate(toDeployment(), now)).toEqual({ kind: 'none' })
  })

  it('gives way to how long it took', () => {
    expect(toTookSeconds(toDeployment({ finishedAt: '2026-01-05T12:01:05.000Z' }))).toBe(65)
    expect(toTookSeconds(toDeployment())).toBeUndefined()
  })
})

describe('the steps', () => {
  const seen = toPastSteps('d-1', [
    { type: 'deployment_start', data: { deploymentId: 'd-1', step: 'check_resources', currentStep: 'Verificando' } },
    { type: 'deployment_progress', data: { deploymentId: 'other', step: 'create_network' } },
    { type: 'deployment_progress', data: { deploymentId: 'd-1', step: 'check_resources', currentStep: 'Verificando' } },
    { type: 'deployment_progress', data: { deploymentId: 'd-1', step: 'pull_image', params: { image: 'odoo:17.0' } } },
    { type: 'deployment_error', data: { deploymentId: 'd-1', step: 'pull_image', params: { image: 'odoo:17.0', seconds: 10 } } },
  ])

  it('behind are those of this deployment, each once', () => {
    expect(seen.map(({ id }) => id)).toEqual(['check_resources', 'pull_image'])
  })

  it('are done, current and to come while it runs', () => {
    const placed = placeSteps(toDeployment({ nextSteps: [{ id: 'create_network', params: {} }] }), seen)
    expect(placed.map(({ id, state }) => [id, state])).toEqual([['check_resources', 'done'], ['pull_image', 'current'], ['create_network', 'pending']])
  })

  it('that came no more are skipped after a failure or a cancellation, and those of an earlier try stand before', () => {
    const left = toPastLeft('d-1', [{ type: 'deployment_progress', data: { deploymentId: 'd-1', nextSteps: [{ id: 'create_network', params: {} }] } }])
    const ended = (status: 'failed' | 'cancelled'): unknown => placeSteps(toDeployment({ status, keptSteps: [{ id: 'create_volumes', params: {} }] }), seen, left).map(({ id, state }) => [id, state])
    expect(ended('failed')).toEqual([['create_volumes', 'kept'], ['check_resources', 'done'], ['pull_image', 'broken'], ['create_network', 'skipped']])
    expect(ended('cancelled')).toContainEqual(['pull_image', 'cancelled'])
    expect(placeSteps(toDeployment({ status: 'completed' }), seen, left).map(({ state }) => state)).toEqual(['done', 'done'])
  })

  it('end in the broken one after a failure, without any to come', () => {
    const placed = placeSteps(toDeployment({ status: 'failed', params: { port: 8069 }, nextSteps: [{ id: 'see_logs', params: {} }] }), seen)
    expect(placed.map(({ state }) => state)).toEqual(['done', 'broken'])
  })

  it('of one name with other parameters are two', () => {
    expect(addStep(seen, { id: 'pull_image', params: { image: 'postgres:16' } })).toHaveLength(3)
  })
})

describe('the list', () => {
  it('has running deployments first and keeps the order otherwise', () => {
    const list = [toDeployment({ deploymentId: 'a', status: 'completed' }), toDeployment({ deploymentId: 'b' }), toDeployment({ deploymentId: 'c', status: 'failed' })]
    expect(inDisplayOrder(list).map(({ deploymentId }) => deploymentId)).toEqual(['b', 'a', 'c'])
  })

  it('calls a deployment without a name by its instance', () => {
    const { name: _name, ...unnamed } = toDeployment()
    expect(toTitle(unnamed)).toBe('vendas')
  })
})

describe('a new deployment', () => {
  const stackOf = (type: string): (typeof ownStacks)[number] => ownStacks.find(stack => stack.type === type) ?? { type, label: type, fields: [] }

  it('asks for nothing that was not said', () => {
    expect(toRequest(emptyDraft(), stackOf('odoo'))).toEqual({ instanceType: 'odoo', config: {} })
  })

  it('leaves out fields that the chosen stack does not have', () => {
    const draft = { ...emptyDraft(), stack: 'netbox', name: ' Rede ', config: { version: '4.2.3', modules: 'crm', adminUser: '' } }
    expect(toRequest(draft, stackOf('netbox'))).toEqual({ instanceType: 'netbox', name: 'Rede', config: { version: '4.2.3' } })
  })

  it('names the fields whose value would be refused', () => {
    expect(toFaultyFields({ ...emptyDraft(), config: { version: 'seventeen', modules: 'crm, sale', adminUser: 'root' } }, stackOf('odoo'))).toEqual(['version', 'modules'])
  })
})
