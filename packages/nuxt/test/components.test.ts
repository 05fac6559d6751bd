import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import ConnectionStatus from '../src/runtime/components/ConnectionStatus.vue'
import DeploymentMonitor from '../src/runtime/components/DeploymentMonitor.vue'
import LogView from '../src/runtime/components/LogView.vue'
import NewDeployment from '../src/runtime/components/NewDeployment.vue'
import ProgressBar from '../src/runtime/components/ProgressBar.vue'
import RealTimeDashboard from '../src/runtime/components/RealTimeDashboard.vue'
import { createApp } from './kit/app.ts'
import { toDeployment } from './kit/fake-client.ts'
import type { App } from './kit/app.ts'
import type { Deployment, LogLine, MetricsSample, NextStep } from '@neo-stack/events'
import type { VueWrapper } from '@vue/test-utils'

const byTestId = (name: string): string => `[data-testid="${name}"]`
const metrics = (at: number, cpu = 1): MetricsSample => ({ at, cpu, memory: 2, disk: 3, networkIn: 4, networkOut: 5, activeInstances: 1, uptime: at })
const line = (n: number, text = `line ${n}`): LogLine => ({ n, time: '2026-01-05T12:00:00.000Z', stream: 'stdout', text })
const mounted: VueWrapper[] = []
afterEach(() => { for (const wrapper of mounted.splice(0)) wrapper.unmount() })

async function monitor(props: Record<string, unknown> = {}): Promise<{ app: App, page: VueWrapper, show: (...list: Deployment[]) => Promise<void> }> {
  const app = await createApp()
  const page = app.mount(DeploymentMonitor, { tenantId: 'acme', ...props })
  mounted.push(page)
  await nextTick()
  const show = async (...list: Deployment[]): Promise<void> => {
    app.fake.deployments[0]?.handlers.onChange(new Map(list.map(one => [one.deploymentId, one])))
    app.fake.deployments[0]?.handlers.onStatus?.({ state: 'live' })
    await nextTick()
  }
  return { app, page, show }
}

describe('DeploymentMonitor', () => {
  it('shows that it loads before anything is known, not that there is nothing', async () => {
    const { page } = await monitor()
    expect(page.find(byTestId('deployments-loading')).exists()).toBe(true)
    expect(page.find(byTestId('deployments-empty')).exists()).toBe(false)
  })

  it('says that there is nothing yet', async () => {
    const { page, show } = await monitor()
    await show()
    expect(page.get(byTestId('deployments-empty')).text()).toContain('Nenhum deployment ainda')
  })

  it('shows status, progress, step, next steps and log of a running one', async () => {
    const { app, page, show } = await monitor()
    await show(toDeployment({ simulated: true, nextSteps: [{ id: 'create_secrets', params: {} }] }))
    app.fake.logs[0]?.handlers.onChange?.({ lines: [line(1, '17.0: Pulling from odoo')], last: 1 })
    await nextTick()
    const card = page.get(byTestId('deployment-card'))
    expect(card.get(byTestId('deployment-status')).text()).toBe('Em progresso')
    expect(card.get(byTestId('deployment-progress')).text()).toBe('40%')
    expect(card.get('[role="progressbar"]').attributes('aria-valuenow')).toBe('40')
    expect(card.get(byTestId('deployment-step')).text()).toBe('Baixando a imagem odoo:17.0')
    expect(card.get(byTestId('deployment-next')).text()).toContain('Gerando segredos')
    expect(card.get(byTestId('deployment-log')).text()).toContain('17.0: Pulling from odoo')
    expect(card.find(byTestId('simulated')).exists()).toBe(true)
  })

  it('shows the next steps as they are, those of one kind too', async () => {
    const { page, show } = await monitor()
    const toStep = (id: string, image = ''): NextStep => ({ id, params: { image } })
    const plan = [toStep('check_ports'), toStep('pull_image', 'postgres:16'), toStep('pull_image', 'odoo:17.0'), toStep('create_secrets'), toStep('start_container')]
    const shown = (): string[] => page.get(byTestId('deployment-next')).findAll('li').map(step => step.text())
    await show(toDeployment({ nextSteps: plan }))
    await show(toDeployment({ nextSteps: plan.slice(1) }))
    expect(shown()).toEqual(['Baixando a imagem postgres:16', 'Baixando a imagem odoo:17.0', 'Gerando segredos'])
    await show(toDeployment({ nextSteps: plan.slice(3) }))
    expect(shown()).toHaveLength(2)
  })

  it('says when it should end', async () => {
    const { page, show } = await monitor()
    await show(toDeployment({ estimatedCompletion: new Date(Date.now() + 12_400).toISOString() }))
    expect(page.get(byTestId('deployment-estimate')).text()).toMatch(/^termina por volta de \d\d:\d\d \(em ~1[123] s\)$/)
  })

  it('says how long it usually takes, the first time by the catalogue, and when that is long over', async () => {
    const { page, show } = await monitor()
    const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString()
    const first = toDeployment({ createdAt: ago(700), startedAt: ago(80), updatedAt: ago(1), expectedSeconds: 60 })
    await show(first)
    expect(page.get(byTestId('deployment-pace')).text()).toBe('pelo catálogo leva 1 min 0 s, raramente mais de 1 min 30 s')
    expect(page.find(byTestId('deployment-slow')).exists()).toBe(false)
    await show({ ...first, startedAt: ago(95) })
    expect(page.get(byTestId('deployment-slow')).text()).toBe('mais lento que o esperado')
    await show({ ...first, startedAt: ago(95) }, toDeployment({ deploymentId: 'd-0', status: 'completed', createdAt: ago(2000), startedAt: ago(1900), finishedAt: ago(1780) }))
    expect(page.get(byTestId('deployment-pace')).text()).toBe('costuma levar 2 min 0 s, em nove de dez vezes até 2 min 0 s')
    expect(page.find(byTestId('deployment-slow')).exists()).toBe(false)
  })

  it('keeps the card of one that ended in sight, with its address', async () => {
    const { page, show } = await monitor()
    await show(toDeployment())
    await show(toDeployment({ status: 'completed', progress: 100, instanceUrl: 'https://vendas-acme.example', finishedAt: '2026-01-05T12:01:00.000Z' }))
    const card = page.get('article')
    expect(card.get(byTestId('deployment-url')).attributes('href')).toBe('https://vendas-acme.example')
    expect(page.get('[aria-live="polite"]').text()).toBe('Vendas: Concluído')
  })

  it('says the reason of a failure and offers to try again to who may', async () => {
    const failed = toDeployment({ status: 'failed', messageKey: 'port_in_use', reasonParams: { port: 8069 }, error: 'x', finishedAt: '2026-01-05T12:01:00.000Z' })
    const reader = await monitor()
    await reader.show(failed)
    expect(reader.page.get(byTestId('deployment-error')).text()).toContain('A porta 8069 já está em uso')
    expect(reader.page.find(byTestId('deployment-retry')).exists()).toBe(false)
    const writer = await monitor({ canDeploy: true })
    writer.app.fake.rest.retry.mockResolvedValue({ deploymentId: 'd-2', instanceId: 'vendas' })
    await writer.show(failed)
    await writer.page.get(byTestId('deployment-retry')).trigger('click')
    expect(writer.app.fake.rest.retry).toHaveBeenCalledWith('acme', 'd-1')
  })

  it('says that it was denied, without a way to try again', async () => {
    const { app, page } = await monitor()
    app.fake.deployments[0]?.handlers.onStatus?.({ state: 'denied', reason: { code: 'forbidden', detail: 'no' } })
    await nextTick()
    expect(page.get(byTestId('feed-notice')).text()).toContain('Você não tem acesso')
    expect(page.get(byTestId('feed-notice')).find('button').exists()).toBe(false)
    expect(page.find(byTestId('deployments-loading')).exists()).toBe(false)
  })

  it('tries again after a failure and keeps what was known', async () => {
    const { app, page, show } = await monitor()
    await show(toDeployment())
    app.fake.deployments[0]?.handlers.onStatus?.({ state: 'failed', reason: { code: 'unavailable', detail: 'later' } })
    await nextTick()
    expect(page.findAll(byTestId('deployment-card'))).toHaveLength(1)
    await page.get(byTestId('feed-notice')).get('button').trigger('click')
    expect(app.fake.deployments[0]?.feed.start).toHaveBeenCalledTimes(2)
  })
})

describe('ProgressBar', () => {
  it('glides to a value that comes alone and jumps to one that follows closely', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const bar = (await createApp()).mount(ProgressBar, { percent: 10, label: 'progress' })
    mounted.push(bar)
    const isGliding = async (percent: number): Promise<boolean> => {
      await bar.setProps({ percent })
      return bar.html().includes('transition-transform')
    }
    expect(await isGliding(20)).toBe(true)
    vi.advanceTimersByTime(100)
    expect(await isGliding(21)).toBe(false)
    vi.advanceTimersByTime(2000)
    expect(await isGliding(30)).toBe(true)
    vi.useRealTimers()
  })
})

describe('LogView', () => {
  const sizes = (box: Element, scrollTop: number): void => {
    Object.defineProperties(box, {
      scrollHeight: { value: 1000, configurable: true }, clientHeight: { value: 200, configurable: true },
      scrollTop: { value: scrollTop, writable: true, configurable: true },
    })
  }

  it('shows text and nothing else, whatever a line holds', async () => {
    const app = await createApp()
    const view = app.mount(LogView, { lines: [line(1, '<img src=x onerror=alert(1)>')], name: 'Vendas' })
    mounted.push(view)
    expect(view.find('img').exists()).toBe(false)
    expect(view.get('[role="log"]').text()).toContain('<img src=x onerror=alert(1)>')
  })

  it('counts new lines while the reader is elsewhere and goes to the end when asked', async () => {
    const app = await createApp()
    const view = app.mount(LogView, { lines: [line(1), line(2)], name: 'Vendas' })
    mounted.push(view)
    const box = view.get('[role="log"]')
    sizes(box.element, 100)
    await box.trigger('scroll')
    await view.setProps({ lines: [1, 2, 3, 4, 5].map(n => line(n)) })
    expect(view.get(byTestId('log-follow')).text()).toBe('+3 novas linhas')
    expect(box.element.scrollTop).toBe(100)
    await view.get(byTestId('log-follow')).trigger('click')
    expect(box.element.scrollTop).toBe(1000)
    expect(view.find(byTestId('log-follow')).exists()).toBe(false)
  })

  it('shows the last lines only, says so, and copies all', async () => {
    const app = await createApp()
    const copy = vi.fn().mockResolvedValue(undefined)
    const view = app.mount(LogView, { lines: [1, 2, 3].map(n => line(n)), name: 'Vendas', maxLines: 2, copy })
    mounted.push(view)
    expect(view.findAll(byTestId('log-line'))).toHaveLength(2)
    expect(view.text()).toContain('Linhas anteriores a 2')
    await view.get('[aria-label="Copiar"]').trigger('click')
    expect(copy).toHaveBeenCalledWith('line 1\nline 2\nline 3')
    await nextTick()
    expect(view.find('[aria-label="Copiado"]').exists()).toBe(true)
  })
})

describe('NewDeployment', () => {
  const field = <Kind extends HTMLElement>(selector: string): Kind => {
    const found = document.querySelector<Kind>(`[role="dialog"] ${selector}`)
    if (!found) throw new Error(`no ${selector}`)
    return found
  }
  const type = (element: HTMLInputElement, text: string): void => {
    element.value = text
    element.dispatchEvent(new Event('input', { bubbles: true }))
  }

  it('asks for what was chosen and says so', async () => {
    const app = await createApp()
    app.fake.rest.create.mockResolvedValue({ deploymentId: 'd-9', instanceId: 'rede' })
    const dialog = app.mount(NewDeployment, { tenantId: 'acme', open: true })
    mounted.push(dialog)
    await nextTick()
    field<HTMLInputElement>('input[value="netbox"]').click()
    type(field('input[maxlength="120"]'), 'Rede')
    await nextTick()
    field('form').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await vi.waitFor(() => { expect(dialog.emitted('accepted')).toEqual([['d-9']]) })
    expect(app.fake.rest.create).toHaveBeenCalledWith('acme', { instanceType: 'netbox', name: 'Rede', config: {} })
  })

  it('offers the stacks of the service\'s catalogue with their fields, and shows the plan before it is asked for', async () => {
    const app = await createApp()
    app.fake.rest.stacks.mockResolvedValue({ stacks: [{ type: 'gitea', label: 'Gitea', fields: [{ name: 'edition', default: 'small', pattern: '^(?:small|large)$' }] }] })
    app.fake.rest.preview.mockResolvedValue({ kind: 'create', instanceType: 'gitea', changes: [], ahead: 0, steps: [{ id: 'create_network', params: { network: 'n' }, seconds: 2 }] })
    app.fake.rest.create.mockResolvedValue({ deploymentId: 'd-9', instanceId: 'gitea' })
    const dialog = app.mount(NewDeployment, { tenantId: 'acme', open: true })
    mounted.push(dialog)
    await vi.waitFor(() => { field<HTMLInputElement>('input[value="gitea"]').click() })
    await vi.waitFor(() => { type(field('input[placeholder="small"]'), 'large') })
    await vi.waitFor(() => { expect(app.fake.rest.preview.mock.lastCall?.[1]).toEqual({ kind: 'create', instanceType: 'gitea', config: { edition: 'large' } }) })
    await vi.waitFor(() => { expect(field('[data-testid="instance-plan"]').textContent).toContain('Criando a rede n') })
    field('form').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await vi.waitFor(() => { expect(app.fake.rest.create).toHaveBeenCalledWith('acme', { instanceType: 'gitea', config: { edition: 'large' } }) })
  })

  it('stays open and says why it was refused', async () => {
    const app = await createApp()
    app.fake.rest.create.mockRejectedValue({ code: 'forbidden' })
    const dialog = app.mount(NewDeployment, { tenantId: 'acme', open: true })
    mounted.push(dialog)
    await nextTick()
    field('form').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await vi.waitFor(() => { expect(field('[role="alert"]').textContent).toContain('Você não tem permissão') })
    expect(dialog.emitted('accepted')).toBeUndefined()
  })
})

describe('ConnectionStatus', () => {
  it('says the state as a word', async () => {
    const app = await createApp()
    const status = app.mount(ConnectionStatus)
    mounted.push(status)
    expect(status.text()).toContain('Ao vivo')
    app.fake.setConnection({ state: 'offline', since: 1, nextRetryAt: undefined, reason: '' })
    await nextTick()
    expect(status.text()).toContain('Sem conexão')
  })
})

describe('RealTimeDashboard', () => {
  it('shows the latest sample with its levels, and alerts as they come', async () => {
    const app = await createApp()
    const page = app.mount(RealTimeDashboard)
    mounted.push(page)
    await nextTick()
    app.fake.metrics[0]?.handlers.onSample({ at: 10, cpu: 81.25, memory: 71, disk: 10, networkIn: 2_000_000, networkOut: 500, activeInstances: 3, uptime: 3700 })
    app.fake.alerts[0]?.handlers.onEvent({ id: 'a', type: 'alert', channel: 'admin:alerts', time: '2026-01-05T12:00:00.000Z', data: { severity: 'critical', message: 'CPU acima de 80%' } })
    await nextTick()
    expect(page.get(byTestId('metric-cpu')).text()).toContain('81,3%')
    expect(page.get(byTestId('metric-cpu')).attributes('data-level')).toBe('critical')
    expect(page.get(byTestId('metric-memory')).attributes('data-level')).toBe('warning')
    expect(page.get(byTestId('metric-disk')).attributes('data-level')).toBe('ok')
    expect(page.get(byTestId('chart-networkIn')).text()).toContain('2 MB/s')
    expect(page.get(byTestId('metric-uptime')).text()).toContain('1 h 1 min')
    expect(page.get(byTestId('alert')).text()).toContain('CPU acima de 80%')
  })

  it('shows the ten latest alerts, and all of them when asked', async () => {
    const app = await createApp()
    const page = app.mount(RealTimeDashboard)
    mounted.push(page)
    await nextTick()
    const raise = (n: number): void => app.fake.alerts[0]?.handlers.onEvent({ id: `a-${n}`, type: 'alert', channel: 'admin:alerts', time: new Date(Date.UTC(2026, 0, 5, 12, n)).toISOString(), data: { severity: 'warning', message: `Alert #${n}.` } })
    const shown = (): string[] => page.findAll(byTestId('alert')).map(alert => /Alert #\d+/.exec(alert.text())?.[0] ?? '')
    const newestFirst = (count: number, of: number): string[] => Array.from({ length: count }, (_, index) => `Alert #${of - index}`)
    for (let n = 1; n <= 10; n++) raise(n)
    await nextTick()
    expect(page.find(byTestId('alerts-all')).exists()).toBe(false)
    raise(11)
    raise(12)
    await nextTick()
    expect(shown()).toEqual(newestFirst(10, 12))
    await page.get(byTestId('alerts-all')).trigger('click')
    expect(shown()).toEqual(newestFirst(12, 12))
    await page.get(byTestId('alerts-all')).trigger('click')
    expect(shown()).toEqual(newestFirst(10, 12))
  })

  it('of a tenant reads the range that was picked, follows it live, stands still when paused, and is a table on demand', async () => {
    const app = await createApp()
    app.fake.rest.metrics.mockResolvedValue({ samples: [metrics(100), metrics(110)], step: 10 })
    const page = app.mount(RealTimeDashboard, { tenantId: 'acme' })
    mounted.push(page)
    await nextTick()
    expect(app.fake.metrics[0]?.name).toBe('acme')
    const points = (): string | undefined => page.get(byTestId('metrics-chart')).attributes('data-points')
    const say = async (at: number): Promise<void> => {
      app.fake.metrics[0]?.handlers.onSample(metrics(at))
      await nextTick()
      await nextTick()
    }
    for (let at = 101; at <= 125; at++) await say(at)
    expect(points()).toBe('20')
    await page.get(byTestId('chart-range')).setValue('h3')
    await vi.waitFor(() => { expect(points()).toBe('8') })
    expect(app.fake.rest.metrics).toHaveBeenLastCalledWith({ from: 125 - 10_800, to: 125 })
    await say(126)
    expect(points()).toBe('9')
    await page.get(byTestId('chart-pause')).trigger('click')
    await say(127)
    expect(points()).toBe('9')
    await page.get(byTestId('chart-pause')).trigger('click')
    await vi.waitFor(() => { expect(points()).toBe('10') })
    await page.get(byTestId('chart-table')).trigger('click')
    expect(page.findAll(`${byTestId('sample-table')} tbody tr`)).toHaveLength(10)
  })

  it('stands still while its tab is hidden, and is up to date when it is seen again', async () => {
    const app = await createApp()
    const page = app.mount(RealTimeDashboard)
    mounted.push(page)
    await nextTick()
    const show = (state: 'hidden' | 'visible'): void => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }
    app.fake.metrics[0]?.handlers.onSample(metrics(1, 11))
    await nextTick()
    show('hidden')
    await nextTick()
    const before = page.html()
    for (let at = 2; at < 10; at++) {
      app.fake.metrics[0]?.handlers.onSample(metrics(at, 50))
      await nextTick()
    }
    expect(page.html()).toBe(before)
    show('visible')
    await vi.waitFor(() => { expect(page.get(byTestId('metric-cpu')).text()).toContain('50,0%') })
  })
})
