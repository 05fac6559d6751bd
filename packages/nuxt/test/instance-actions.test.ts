import { afterEach, expect, it, vi } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { flushPromises } from '@vue/test-utils'
import InstanceActions from '../src/runtime/components/InstanceActions.vue'
import { placeInQueue } from '../src/runtime/deployments/status.ts'
import { createApp, type App } from './kit/app.ts'
import { toDeployment } from './kit/fake-client.ts'

const mounted: VueWrapper[] = []
afterEach(() => { for (const wrapper of mounted.splice(0)) wrapper.unmount() })

/** Dialogs are put at the end of the page. */
const shown = (name: string): HTMLElement => document.querySelector<HTMLElement>(`[data-testid="${name}"]`) ?? (() => { throw new Error(`${name} is not shown`) })()

async function open(props: Record<string, unknown> = {}): Promise<{ app: App, actions: VueWrapper, click: (name: string) => Promise<void> }> {
  const app = await createApp()
  app.fake.rest.preview.mockResolvedValue({ kind: 'delete', instanceType: 'odoo', changes: [], ahead: 1, steps: [{ id: 'remove_secrets', params: {}, seconds: 61 }] })
  app.fake.rest.instance.mockResolvedValue({ deploymentId: 'd-9', instanceId: 'vendas' })
  const actions = app.mount(InstanceActions, { tenantId: 'acme', instance: { instanceId: 'vendas', name: 'Vendas' }, canDeploy: true, canSeePassword: true, ...props })
  mounted.push(actions)
  const click = async (name: string): Promise<void> => {
    shown(name).click()
    await flushPromises()
  }
  return { app, actions, click }
}

it('names what a deletion does and each of its steps before it asks for it', async () => {
  const { app, click } = await open()
  await click('instance-remove')
  expect(app.fake.rest.preview).toHaveBeenCalledWith('acme', { instanceId: 'vendas', kind: 'delete' })
  expect(document.body.textContent).toContain('Containers, volumes, cópias de segurança e segredos de Vendas são apagados.')
  expect(shown('instance-plan').textContent).toContain('Removendo os segredos')
  expect(shown('instance-ahead').textContent).toContain('Começa depois de 1 deployment')
  expect(app.fake.rest.instance).not.toHaveBeenCalled()
})

it('carries out what was confirmed, with the reason', async () => {
  const { app, actions, click } = await open()
  await click('instance-remove')
  const reason = shown('instance-reason') as HTMLInputElement
  reason.value = ' não é mais usada '
  reason.dispatchEvent(new Event('input', { bubbles: true }))
  const form = shown('instance-command')
  form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await flushPromises()
  expect(app.fake.rest.instance).toHaveBeenCalledWith('remove', { tenantId: 'acme', instanceId: 'vendas' }, { reason: 'não é mais usada' })
  expect(actions.emitted('accepted')).toEqual([['d-9']])
})

it('says that there is nothing to go back to, and does not offer it', async () => {
  const { app, click } = await open()
  app.fake.rest.preview.mockRejectedValue({ code: 'unprocessable' })
  await click('instance-rollback')
  expect(document.body.textContent).toContain('Não há versão anterior para onde voltar.')
  expect((shown('instance-confirm') as HTMLButtonElement).disabled).toBe(true)
})

it('shows the first account only when it is asked for', async () => {
  const { app, click } = await open()
  app.fake.rest.instance.mockResolvedValue({ user: 'ada', password: 'p-1' })
  expect(document.body.textContent).not.toContain('p-1')
  await click('instance-account')
  expect(shown('instance-account-shown').textContent).toContain('p-1')
})

it('shows what the services print, of one service when it is chosen, and says when that cannot be read', async () => {
  const { app, click } = await open({ canDeploy: false })
  const line = (service: string, text: string): object => ({ service, stream: 'stdout', time: 1_767_225_600_000, text })
  app.fake.rest.instance.mockResolvedValue({ services: ['postgres', 'odoo'], lines: [line('postgres', 'ready'), line('odoo', '<b>listening</b>')] })
  await click('instance-log')
  expect([...document.querySelectorAll('[data-testid="instance-log-line"]')].map(each => each.lastElementChild?.textContent)).toEqual(['ready', '<b>listening</b>'])
  expect(shown('instance-log-shown').querySelector('b')).toBeNull()
  const select = shown('instance-log-service') as HTMLSelectElement
  select.value = 'odoo'
  app.fake.rest.instance.mockRejectedValue({ code: 'unavailable' })
  select.dispatchEvent(new Event('change', { bubbles: true }))
  await flushPromises()
  expect(app.fake.rest.instance).toHaveBeenLastCalledWith('logs', { tenantId: 'acme', instanceId: 'vendas' }, { limit: 500, service: 'odoo' }, expect.anything())
  expect(shown('instance-log-error').textContent).not.toBe('')
})

it('says nothing about a service that is no longer looked at, and asks nothing while nobody sees it', async () => {
  const { app, click } = await open({ canDeploy: false })
  const logs = { services: ['odoo'], lines: [] }
  const first = Promise.withResolvers<object>()
  app.fake.rest.instance.mockReturnValueOnce(first.promise).mockResolvedValue(logs)
  await click('instance-log')
  const select = shown('instance-log-service') as HTMLSelectElement
  const option = document.createElement('option')
  option.value = 'odoo'
  select.append(option)
  select.value = 'odoo'
  select.dispatchEvent(new Event('change', { bubbles: true }))
  await flushPromises()
  first.reject(new TypeError('too late'))
  await flushPromises()
  expect(document.querySelector('[data-testid="instance-log-error"]')).toBeNull()
  const state = vi.spyOn(document, 'visibilityState', 'get')
  const show = async (is: DocumentVisibilityState): Promise<void> => {
    state.mockReturnValue(is)
    document.dispatchEvent(new Event('visibilitychange'))
    await flushPromises()
  }
  vi.useFakeTimers()
  try {
    await show('hidden')
    await show('visible')
    const asked = app.fake.rest.instance.mock.calls.length
    await vi.advanceTimersByTimeAsync(3000)
    expect(app.fake.rest.instance).toHaveBeenCalledTimes(asked + 1)
    await show('hidden')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(app.fake.rest.instance).toHaveBeenCalledTimes(asked + 1)
  } finally {
    vi.useRealTimers()
    state.mockRestore()
  }
})

it('offers nothing to whoever may not, and no account of a simulation', async () => {
  await open({ canDeploy: false, instance: { instanceId: 'vendas', name: 'Vendas', simulated: true } })
  expect(shown('instance-actions').querySelectorAll('button')).toHaveLength(0)
})

it('counts the places of queued deployments anew when one before them starts', () => {
  const one = toDeployment({ deploymentId: 'one', status: 'queued', createdAt: '2026-01-05T12:00:00.000Z' })
  const two = toDeployment({ deploymentId: 'two', status: 'queued', createdAt: '2026-01-05T12:00:01.000Z', queuePosition: 2 })
  const places = (list: typeof one[]): (number | undefined)[] => [...placeInQueue(new Map(list.map(each => [each.deploymentId, each]))).values()].map(each => each.queuePosition)
  expect(places([two, one])).toEqual([2, 1])
  expect(places([two, { ...one, status: 'starting' }])).toEqual([1, undefined])
})
