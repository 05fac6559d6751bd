import type { UsageThresholds } from '@neo-stack/events'
import type { VueWrapper } from '@vue/test-utils'
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readSteps, writeSteps } from '../src/runtime/billing/steps.ts'
import BillingThresholds from '../src/runtime/components/BillingThresholds.vue'
import { createApp, type App } from './kit/app.ts'

const byTestId = (name: string): string => `[data-testid="${name}"]`

describe('thresholds as a person writes them', () => {
  it.each([
    ['50%; 80%; 900', '50%; 80%; 900'], ['50 %, 80 %, 900', '50%; 80%; 900'], ['50%,80%', '50%; 80%'], ['87,5%  1200.5', '87.5%; 1200.5'], [' 100% ; ', '100%'], ['12,125%; 1200.1250', '12.125%; 1200.1250'],
  ])('are read from %j', (text, written) => { expect(writeSteps(readSteps(text) ?? [])).toBe(written) })

  it.each(['', ' ; ', '0%', '-5%', 'fifty', '50%%', '50% 50%', '10.000', '50%; 10,000', Array.from({ length: 21 }, (_, n) => `${n + 1}%`).join('; ')])('are not read from %j', text => {
    expect(readSteps(text)).toBeUndefined()
  })

  it('are the same after they were written and read', () => {
    const steps = [{ unit: 'percent', value: 99.5 }, { unit: 'absolute', value: 1e15 - 1 }, { unit: 'absolute', value: 1.125 }] as const
    expect(readSteps(writeSteps(steps))).toEqual(steps)
  })
})

describe('BillingThresholds', () => {
  const mounted: VueWrapper[] = []
  afterEach(() => { for (const wrapper of mounted.splice(0)) wrapper.unmount() })

  async function open(canWrite: boolean, thresholds: UsageThresholds['thresholds'] = []): Promise<{ app: App, wrapper: VueWrapper }> {
    const app = await createApp()
    let kept: UsageThresholds = { thresholds, defaults: [{ unit: 'percent', value: 50 }, { unit: 'percent', value: 80 }] }
    Object.assign(app.fake.client.rest, { billing: {
      thresholds: vi.fn(async () => kept),
      putThresholds: vi.fn(async (_tenant: string, put: Pick<UsageThresholds, 'thresholds'>) => kept = { ...kept, ...put }),
    } })
    const wrapper = app.mount(BillingThresholds, { tenantId: 'acme', canWrite })
    mounted.push(wrapper)
    const details = wrapper.get('details')
    Object.assign(details.element, { open: true })
    await details.trigger('toggle')
    await flushPromises()
    return { app, wrapper }
  }

  it('says what holds, and keeps what an owner chooses for a resource and for all others', async () => {
    const { app, wrapper } = await open(true)
    expect(wrapper.get(byTestId('billing-thresholds-usual')).text()).toContain('50%; 80%')
    for (const [n, resource, text] of [[0, 'storage', '75%; 900'], [1, '', '90%']] as const) {
      await wrapper.get(byTestId('billing-threshold-add')).trigger('click')
      const row = wrapper.findAll(byTestId('billing-threshold'))[n]
      await row?.findAll('input')[0]?.setValue(resource)
      await row?.findAll('input')[1]?.setValue(text)
    }
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(app.fake.client.rest.billing.putThresholds).toHaveBeenCalledExactlyOnceWith('acme', { thresholds: [
      { resource: 'storage', steps: [{ unit: 'percent', value: 75 }, { unit: 'absolute', value: 900 }] }, { steps: [{ unit: 'percent', value: 90 }] },
    ] })
  })

  it('saves nothing that is no threshold, and says so', async () => {
    const { app, wrapper } = await open(true, [{ steps: [{ unit: 'percent', value: 60 }] }])
    await wrapper.findAll('input')[1]?.setValue('sessenta')
    expect(wrapper.text()).toContain('maiores que zero')
    await wrapper.get('form').trigger('submit')
    expect(app.fake.client.rest.billing.putThresholds).not.toHaveBeenCalled()
  })

  it('lets a reader read', async () => {
    const { wrapper } = await open(false, [{ resource: 'storage', steps: [{ unit: 'percent', value: 60 }] }])
    expect(wrapper.findAll('input').map(({ element }) => [element.value, element.disabled])).toEqual([['storage', true], ['60%', true]])
    expect(wrapper.find(byTestId('billing-thresholds-save')).exists()).toBe(false)
  })
})
