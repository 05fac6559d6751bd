import type { PreviewQuery } from '@neo-stack/events'
import { expect, it, vi } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import { usePlan } from '../src/runtime/composables/use-plan.ts'
import { createApp } from './kit/app.ts'

it('a plan is of what is asked for: none of another stack, none while nothing is asked, none that could not be read', async () => {
  const { fake, run } = await createApp()
  fake.rest.preview.mockImplementation(async (_tenantId: string, { instanceType }: PreviewQuery) => ({ kind: 'create', instanceType, changes: [], ahead: 0, steps: [] }))
  const odoo = { kind: 'create', instanceType: 'odoo' } as const
  const asked = shallowRef<PreviewQuery | undefined>(odoo)
  const { result, unmount } = run(() => usePlan('acme', () => asked.value))
  const ask = async (next: PreviewQuery | undefined): Promise<void> => {
    asked.value = next
    await nextTick()
  }
  const isOf = (stack: string | undefined): Promise<void> => vi.waitFor(() => { expect(result.value?.instanceType).toBe(stack) })
  await isOf('odoo')
  fake.rest.preview.mockReturnValueOnce(new Promise(() => {}))
  await ask({ kind: 'create', instanceType: 'netbox' })
  expect(result.value).toBeUndefined()
  await ask(odoo)
  await isOf('odoo')
  await ask(undefined)
  expect(result.value).toBeUndefined()
  await ask(odoo)
  await isOf('odoo')
  const refused = Promise.withResolvers<never>()
  fake.rest.preview.mockReturnValueOnce(refused.promise)
  await ask({ ...odoo, config: { modules: 'crm' } })
  expect(result.value?.instanceType).toBe('odoo')
  refused.reject(new Error('no'))
  await isOf(undefined)
  unmount()
})
