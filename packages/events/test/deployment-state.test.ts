import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFinal, mergeDeployment, type DeploymentPatch, type DeploymentState } from '../src/index.ts'

const patch = (data: Record<string, unknown>): DeploymentPatch => ({ data: { deploymentId: 'd', ...data } })
const merged = (...patches: DeploymentPatch[]): DeploymentState | undefined =>
  patches.reduce<DeploymentState | undefined>((state, one) => mergeDeployment(state, one), undefined)

describe('merging deployment events', () => {
  it('keeps what an earlier event said and a later one does not', () => {
    expect(merged(
      patch({ instanceId: 'crm', instanceType: 'odoo', name: 'CRM', kind: 'create', status: 'queued', progress: 0 }),
      patch({ status: 'in_progress', progress: 40, step: 'pull_image', currentStep: 'Baixando...' }),
      patch({ status: 'in_progress', progress: 55 }),
    )).toEqual({
      deploymentId: 'd', instanceId: 'crm', instanceType: 'odoo', name: 'CRM', kind: 'create', status: 'in_progress', progress: 55, step: 'pull_image', currentStep: 'Baixando...',
    })
  })

  it('makes an unknown deployment of what is known, on an instance of its own name', () => {
    expect(merged(patch({ status: 'in_progress', progress: 40 }))).toEqual({ deploymentId: 'd', instanceId: 'd', kind: 'create', status: 'in_progress', progress: 40 })
  })

  it('never renders a new step with the parameters of an old one', () => {
    const first = patch({ status: 'in_progress', step: 'pull_image', params: { image: 'odoo:18' } })
    expect(merged(first, patch({ step: 'create_network' }))).not.toHaveProperty('params')
    expect(merged(first, patch({ progress: 50 }))).toHaveProperty('params', { image: 'odoo:18' })
    const failed = merged(first, patch({ status: 'failed', messageKey: 'disk_full', params: { free: '1 GB' } }))
    expect(failed).toMatchObject({ step: 'pull_image', params: { image: 'odoo:18' }, messageKey: 'disk_full', reasonParams: { free: '1 GB' } })
  })

  it('lets go of the expected end and of what comes next at the end, unless the end says it', () => {
    const running = patch({ status: 'in_progress', estimatedCompletion: '2026-01-01T00:00:00.000Z', nextSteps: [{ id: 'start_service', params: {} }] })
    const failed = merged(running, patch({ status: 'failed', error: 'no' }))
    expect(failed).not.toHaveProperty('estimatedCompletion')
    expect(failed).not.toHaveProperty('nextSteps')
    const done = merged(running, patch({ status: 'completed', nextSteps: [{ id: 'open_instance', params: {} }] }))
    expect(done).toHaveProperty('nextSteps', [{ id: 'open_instance', params: {} }])
  })

  const anyPatch: fc.Arbitrary<DeploymentPatch> = fc.record({
    data: fc.record({
      deploymentId: fc.constant('d'), instanceId: fc.constantFrom('a', 'b'), instanceType: fc.constantFrom('odoo', 'netbox'), progress: fc.integer({ min: 0, max: 100 }),
      step: fc.string({ maxLength: 8 }), params: fc.dictionary(fc.string({ maxLength: 3 }), fc.integer()),
      status: fc.constantFrom('queued', 'starting', 'in_progress', 'completed', 'failed', 'cancelled'),
    }, { requiredKeys: ['deploymentId'] }),
  })

  it('never changes a deployment that has ended, nor which instance it belongs to', () => {
    fc.assert(fc.property(fc.array(anyPatch, { minLength: 1, maxLength: 20 }), patches => {
      let state: DeploymentState | undefined
      for (const one of patches) {
        const next = mergeDeployment(state, one)
        if (state && isFinal(state.status)) expect(next).toBe(state)
        if (state) expect(next.instanceId).toBe(state.instanceId)
        state = next
      }
    }), { numRuns: 500 })
  })

  it('shows the last value of every field that some event gave', () => {
    fc.assert(fc.property(fc.array(anyPatch, { minLength: 1, maxLength: 10 }), patches => {
      const open = patches.filter(one => !isFinal((one.data['status'] ?? 'queued') as DeploymentState['status']))
      const last = open.findLast(one => one.data['progress'] !== undefined)
      if (open.length > 0) expect(merged(...open)?.progress).toBe(last?.data['progress'] ?? 0)
    }))
  })
})
