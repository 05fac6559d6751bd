import { deploymentKindSchema, nextStepSchema, type DeploymentKind } from '@neo-stack/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateEnd, stepsToCome, toProgress, totalWeight } from '../src/estimate.ts'
import { afterFailure, afterSuccess } from '../src/next-steps.ts'
import { findStep, inDependencyOrder } from '../src/plan.ts'
import { stepKey } from '../src/steps.ts'
import { buildPlan, catalogue, DeploymentFailure, deploymentNextSteps, deploymentReasons, deploymentSteps, renderSentence, type PlanStep } from '../src/index.ts'

const types = ['odoo', 'netbox', 'wazuh'] as const
const kinds = deploymentKindSchema.options
const all = types.flatMap(type => kinds.map(kind => ({ type, kind })))
const plan = (type: (typeof types)[number], kind: DeploymentKind, config = {}): PlanStep[] =>
  buildPlan(catalogue[type], { tenantId: 'acme', instanceId: 'main', kind, config })
const ids = (steps: PlanStep[]): string[] => steps.map(stepKey)

describe.each(all)('the plan of $type $kind', ({ type, kind }) => {
  const steps = plan(type, kind)

  it('has positive weights, known keys and finished sentences', () => {
    for (const step of steps) {
      expect(step.weight).toBeGreaterThan(0)
      expect(deploymentSteps).toHaveProperty(step.id)
      expect(step.currentStep).not.toMatch(/[{}]/)
      expect(step.currentStep).toBe(renderSentence(deploymentSteps[step.id], step.params))
      expect(nextStepSchema.safeParse({ id: step.id, params: step.params }).success).toBe(true)
    }
  })

  it('names every step differently and finds each by what an event stores', () => {
    expect(new Set(ids(steps)).size).toBe(steps.length)
    for (const [index, step] of steps.entries()) expect(findStep(steps, step.id, step.params['service'])).toBe(index)
  })

  it('lets progress rise from 0 and reach 100 only at the end', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(steps.length - 1), fc.double({ min: 0, max: 1, noNaN: true }))), at => {
      const sorted = at.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
      const said = [0, ...sorted.map(([index, fraction]) => toProgress(steps, index, fraction)), 100]
      expect(said).toEqual(said.toSorted((a, b) => a - b))
    }))
    expect(toProgress(steps, 0)).toBe(0)
    expect(toProgress(steps, steps.length)).toBe(99)
  })

  it('is the same each time', () => {
    expect(plan(type, kind)).toEqual(steps)
  })
})

describe('plans', () => {
  it('create Odoo in the order that its parts need', () => {
    expect(ids(plan('odoo', 'create'))).toEqual([
      'check_resources', 'pull_image.postgres', 'pull_image.odoo', 'create_network', 'create_volumes', 'create_secrets',
      'start_service.postgres', 'init_database', 'install_modules', 'start_service.odoo', 'create_admin', 'check_health.odoo', 'configure_route',
    ])
  })

  it('stop services in the opposite order of their start', () => {
    for (const type of types) {
      const steps = plan(type, 'redeploy')
      const of = (id: string): unknown[] => steps.filter(step => step.id === id).map(({ params }) => params['service'])
      expect(of('stop_service')).toEqual(of('start_service').toReversed())
    }
  })

  it('start every service after what it needs, however the entry is written', () => {
    for (const { services } of Object.values(catalogue)) {
      fc.assert(fc.property(fc.shuffledSubarray([...services], { minLength: services.length }), shuffled => {
        const started = inDependencyOrder(shuffled).map(({ name }) => name)
        for (const { name, needs } of services) for (const need of needs) expect(started.indexOf(need)).toBeLessThan(started.indexOf(name))
      }))
    }
  })

  it('copy the data that a rollback overwrites, once nothing writes it any more', () => {
    for (const type of types) {
      const steps = plan(type, 'rollback').map(({ id }) => id)
      expect(steps.slice(steps.lastIndexOf('stop_service'), steps.indexOf('start_service'))).toEqual(expect.arrayContaining(['stop_service', 'backup_data', 'restore_data']))
      expect(steps.indexOf('backup_data')).toBeLessThan(steps.indexOf('restore_data'))
    }
  })

  it('refuse services that need each other', () => {
    const [first, second] = catalogue.odoo.services
    if (!first || !second) throw new Error('odoo has two services')
    expect(() => inDependencyOrder([{ ...first, needs: ['odoo'] }, second])).toThrow('need each other')
  })

  it('take the version from the configuration and refuse one that does not look like a version', () => {
    expect(plan('odoo', 'create', { version: '18.0' })[2]?.params['image']).toBe('odoo:18.0')
    expect(() => plan('odoo', 'create', { version: 'latest; rm -rf /' })).toThrow(new DeploymentFailure('invalid_config', { field: 'version' }))
    expect(plan('odoo', 'create', { colour: 'blue' })).toEqual(plan('odoo', 'create'))
  })

  it('do not find a step that they do not have', () => {
    expect(findStep(plan('odoo', 'create'), 'compile_kernel', undefined)).toBe(-1)
    expect(findStep(plan('odoo', 'create'), 'pull_image', 'mysql')).toBe(-1)
  })
})

describe('the estimate', () => {
  const steps = plan('odoo', 'create')
  const now = Date.UTC(2026, 0, 1)
  const seconds = (index: number, pace: { expected: number, weight: number, elapsed: number }): number =>
    (Date.parse(estimateEnd(steps, index, { pace, now })) - now) / 1000

  it('begins with the expected pace and follows the measured one', () => {
    expect(seconds(0, { expected: 1, weight: 0, elapsed: 0 })).toBeCloseTo(totalWeight(steps), 1)
    const done = totalWeight(steps.slice(0, 6))
    const slow = seconds(6, { expected: 1, weight: done, elapsed: done * 3000 })
    expect(slow).toBeGreaterThan((totalWeight(steps) - done) * 2)
    expect(seconds(steps.length, { expected: 1, weight: done, elapsed: done * 1000 })).toBe(0)
  })

  it('shows the steps to come', () => {
    expect(stepsToCome(steps, steps.length - 2)).toEqual([{ id: 'configure_route', params: { host: 'main-acme.neo-stack.com' } }])
    expect(stepsToCome(steps, steps.length - 1)).toEqual([])
    expect(stepsToCome(plan('wazuh', 'create'), -1).length).toBeLessThanOrEqual(20)
  })
})

describe('next steps of a person', () => {
  it('are known messages, and lead to the instance', () => {
    for (const step of [...kinds.flatMap(kind => afterSuccess(kind, 'https://x.example')), ...afterFailure()]) {
      expect(deploymentNextSteps).toHaveProperty(step.id)
    }
    expect(afterSuccess('create', 'https://x.example')[0]).toEqual({ id: 'open_instance', params: {}, url: 'https://x.example' })
    expect(afterSuccess('delete', 'https://x.example')).toEqual([])
  })

  it('have keys that fit into an event', () => {
    for (const id of Object.keys({ ...deploymentSteps, ...deploymentReasons, ...deploymentNextSteps })) expect(id).toMatch(/^[a-z_]{1,64}$/)
  })
})
