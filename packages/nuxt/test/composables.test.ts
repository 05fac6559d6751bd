import { describe, expect, it, vi } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import { useConnection } from '../src/runtime/composables/use-connection.ts'
import { useDeploymentEvents } from '../src/runtime/composables/use-deployment-events.ts'
import { useDeploymentLog } from '../src/runtime/composables/use-deployment-log.ts'
import { useDeploymentSteps } from '../src/runtime/composables/use-deployment-steps.ts'
import { useRealtimeMetrics } from '../src/runtime/composables/use-realtime-metrics.ts'
import { useSentences } from '../src/runtime/composables/use-sentences.ts'
import { useSession } from '../src/runtime/composables/use-session.ts'
import { createApp } from './kit/app.ts'
import { toDeployment } from './kit/fake-client.ts'

const sample = { at: 1, cpu: 1, memory: 2, disk: 3, networkIn: 4, networkOut: 5, activeInstances: 6, uptime: 7 }

describe('useDeploymentEvents', () => {
  it('asks for nothing before connect', async () => {
    const { fake, run } = await createApp()
    const { result } = run(() => useDeploymentEvents('acme'))
    expect(fake.deployments[0]?.feed.start).not.toHaveBeenCalled()
    expect(result.isLoaded.value).toBe(false)
    expect(result.status.value.state).toBe('idle')
  })

  it('shows what the feed gives, running deployments first', async () => {
    const { fake, run } = await createApp()
    const { result } = run(() => useDeploymentEvents('acme'))
    result.connect()
    const ended = toDeployment({ deploymentId: 'old', status: 'completed' })
    fake.deployments[0]?.handlers.onChange(new Map([['old', ended], ['d-1', toDeployment()]]))
    fake.deployments[0]?.handlers.onStatus?.({ state: 'live' })
    expect(result.isConnected.value).toBe(true)
    expect(result.isLoaded.value).toBe(true)
    expect(result.getAllDeployments().value.map(one => one.deploymentId)).toEqual(['d-1', 'old'])
    expect(result.getDeploymentEvents('old').value?.status).toBe('completed')
  })

  it('runs one feed per tenant however many look at it, until the last lets go', async () => {
    const { fake, run } = await createApp()
    const first = run(() => useDeploymentEvents('acme'))
    const second = run(() => useDeploymentEvents('acme'))
    run(() => useDeploymentEvents('globex'))
    first.result.connect()
    second.result.connect()
    expect(fake.deployments.map(({ name }) => name)).toEqual(['acme', 'globex'])
    first.unmount()
    expect(fake.deployments[0]?.feed.stop).not.toHaveBeenCalled()
    second.unmount()
    expect(fake.deployments[0]?.feed.stop).toHaveBeenCalledOnce()
  })

  it('opens a new feed after all let go', async () => {
    const { fake, run } = await createApp()
    run(() => useDeploymentEvents('acme')).unmount()
    run(() => useDeploymentEvents('acme'))
    expect(fake.deployments).toHaveLength(2)
  })

  it('says why it was denied, and tries again on connect', async () => {
    const { fake, run } = await createApp()
    const { result } = run(() => useDeploymentEvents('acme'))
    result.connect()
    fake.deployments[0]?.handlers.onStatus?.({ state: 'denied', reason: { code: 'forbidden', detail: 'no' } })
    expect(result.error.value).toEqual({ code: 'forbidden', detail: 'no' })
    result.connect()
    expect(result.error.value).toBeNull()
    expect(fake.deployments[0]?.feed.start).toHaveBeenCalledTimes(2)
  })

  it('goes on by itself when a closed connection stands again, and not when nobody looks', async () => {
    const { fake, run } = await createApp()
    const { result } = run(() => useDeploymentEvents('acme'))
    result.connect()
    fake.deployments[0]?.handlers.onStatus?.({ state: 'failed', reason: { code: 'closed', detail: 'terminated' } })
    fake.setConnection({ state: 'connected', since: 1 })
    expect(fake.deployments[0]?.feed.start).toHaveBeenCalledTimes(2)
    result.disconnect()
    fake.deployments[0]?.handlers.onStatus?.({ state: 'failed', reason: { code: 'closed', detail: 'terminated' } })
    fake.setConnection({ state: 'connected', since: 2 })
    expect(fake.deployments[0]?.feed.start).toHaveBeenCalledTimes(2)
  })

  it('cannot be changed from outside', async () => {
    const { run } = await createApp()
    const { result } = run(() => useDeploymentEvents('acme'))
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    Object.assign(result.events, { value: new Map([['x', toDeployment()]]) })
    expect(result.events.value.size).toBe(0)
    expect(warn).toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('useDeploymentLog', () => {
  it('shows the lines of one deployment', async () => {
    const { fake, run } = await createApp()
    const { result } = run(() => useDeploymentLog('acme', 'd-1'))
    result.connect()
    fake.logs[0]?.handlers.onChange?.({ lines: [{ n: 1, time: '2026-01-05T12:00:00.000Z', stream: 'stdout', text: 'hello' }], last: 1 })
    expect(result.lines.value.map(({ text }) => text)).toEqual(['hello'])
    expect(result.last.value).toBe(1)
  })
})

describe('useDeploymentSteps', () => {
  it('joins what history says with what comes live', async () => {
    const { fake, run } = await createApp()
    const event = (step: string) => ({ type: 'deployment_progress', data: { deploymentId: 'd-1', step, params: {} } })
    fake.rest.history.mockResolvedValue({ events: [event('check_resources'), event('create_network')] })
    const deployment = shallowRef(toDeployment({ step: 'create_network', params: {} }))
    const { result } = run(() => useDeploymentSteps('acme', deployment))
    await vi.waitFor(() => { expect(result.value.map(({ id }) => id)).toEqual(['check_resources', 'create_network']) })
    deployment.value = toDeployment({ step: 'create_volumes', params: {} })
    await nextTick()
    expect(result.value.map(({ id, state }) => [id, state])).toEqual([['check_resources', 'done'], ['create_network', 'done'], ['create_volumes', 'current']])
  })

  it('begins at the current step where history cannot be read', async () => {
    const { fake, run } = await createApp()
    fake.rest.history.mockRejectedValue(new Error('no'))
    const { result } = run(() => useDeploymentSteps('acme', shallowRef(toDeployment())))
    await nextTick()
    expect(result.value.map(({ id }) => id)).toEqual(['pull_image'])
  })
})

describe('useRealtimeMetrics', () => {
  it('calls back with each sample until told to stop', async () => {
    const { fake, run } = await createApp()
    const { result } = run(useRealtimeMetrics)
    const callback = vi.fn()
    const stop = result.subscribeToSystemMetrics(callback)
    fake.metrics[0]?.handlers.onSnapshot([sample])
    fake.metrics[0]?.handlers.onSample({ ...sample, at: 2 })
    stop()
    fake.metrics[0]?.handlers.onSample({ ...sample, at: 3 })
    expect(callback.mock.calls.map(([{ at }]) => at as number)).toEqual([2])
    expect(result.samples.value.map(({ at }) => at)).toEqual([1, 2, 3])
    expect(result.latest.value?.at).toBe(3)
  })

  it('calls nobody back after their scope ended', async () => {
    const { fake, run } = await createApp()
    const stays = run(useRealtimeMetrics)
    const goes = run(useRealtimeMetrics)
    const callback = vi.fn()
    stays.result.subscribeToAlerts()
    goes.result.subscribeToAlerts(callback)
    goes.unmount()
    fake.alerts[0]?.handlers.onEvent({ id: 'a', type: 'alert', channel: 'admin:alerts', time: '2026-01-05T12:00:00.000Z', data: { severity: 'critical', message: 'CPU' } })
    expect(callback).not.toHaveBeenCalled()
    expect(stays.result.alerts.value.map(({ message }) => message)).toEqual(['CPU'])
    expect(fake.alerts).toHaveLength(1)
  })
})

describe('useConnection', () => {
  it('says since when what is shown is stale', async () => {
    const { fake, run } = await createApp()
    const { result } = run(useConnection)
    expect([result.isConnected.value, result.lostAt.value]).toEqual([true, undefined])
    fake.setConnection({ state: 'offline', since: 5000, nextRetryAt: undefined, reason: 'transport closed' })
    expect([result.isConnected.value, result.lostAt.value]).toEqual([false, 5000])
  })
})

describe('useSession', () => {
  it('follows who is signed in and what they may', async () => {
    const { fake, run } = await createApp()
    const { result } = run(useSession)
    expect([result.can('deploy:write'), result.can('billing:read')]).toEqual([true, false])
    fake.setSession({ state: 'signed-out' })
    expect(result.user.value).toBeUndefined()
    expect(result.can('deploy:write')).toBe(false)
  })
})

describe('useSentences', () => {
  it('says steps in the reader\'s language, and the event\'s own sentence where there is no message', async () => {
    const { run, languages } = await createApp('en')
    const { result } = run(useSentences)
    expect(result.ofCurrentStep(toDeployment())).toBe('Pulling image odoo:17.0')
    expect(result.ofCurrentStep(toDeployment({ step: 'brand_new', currentStep: 'Fazendo algo novo...' }))).toBe('Fazendo algo novo...')
    await languages.choose('pt-BR')
    expect(result.ofCurrentStep(toDeployment())).toBe('Baixando a imagem odoo:17.0')
  })

  it('prefers the event\'s sentence over a message with a hole', async () => {
    const { run } = await createApp()
    const { result } = run(useSentences)
    expect(result.ofReason({ messageKey: 'port_in_use', reasonParams: {}, error: 'A porta 8080 já está em uso.' })).toBe('A porta 8080 já está em uso.')
    expect(result.ofReason({ messageKey: 'port_in_use', reasonParams: { port: 8069 }, error: 'x' })).toBe('A porta 8069 já está em uso por outro serviço.')
    expect(result.ofReason({ messageKey: 'step_failed', reasonParams: { step: 'create_secrets' }, error: 'x' })).toBe('A etapa Gerando segredos falhou.')
  })

  it('says of an alert what its rule found, in the unit of the figure', async () => {
    const { run, languages } = await createApp()
    const { result } = run(useSentences)
    const fired = (params: Record<string, string | number>, messageKey = 'rule_fired'): string => result.ofAlert({ message: 'x', messageKey, params: { rule: 'R', op: '>', ...params } })
    expect(fired({ metric: 'cpu', threshold: 80, value: 91.26 })).toBe('R: CPU > 80% (agora 91,3%)')
    expect(fired({ metric: 'networkIn', threshold: 30_000_000, value: 31_400_000 })).toBe('R: entrada de rede > 30 MB/s (agora 31,4 MB/s)')
    expect(fired({ metric: 'uptime', op: '<', threshold: 90, value: 5 })).toBe('R: tempo no ar < 1 min 30 s (agora 5 s)')
    expect(fired({ metric: 'activeInstances', op: '<', threshold: 2, value: 1 })).toBe('R: instâncias ativas < 2 (agora 1)')
    expect(fired({ metric: 'networkOut', kind: 'rate', threshold: -2000, value: -3500 })).toBe('R: saída de rede (crescimento por segundo) > -2 kB/s (agora -3,5 kB/s)')
    expect(fired({ value: 75 }, 'rule_absent')).toBe('R: sem medidas há 1 min 15 s')
    expect(fired({ metric: 'temperature', threshold: 80, value: 91 })).toBe('R: temperature > 80 (agora 91)')
    await languages.choose('en')
    expect(fired({ metric: 'disk', threshold: 80.5, value: 90 })).toBe('R: disk > 80.5% (now 90%)')
  })

  it('says errors by code', async () => {
    const { run } = await createApp('en')
    const { result } = run(useSentences)
    expect(result.ofError({ code: 'invalid_credentials' })).toBe('E-mail or password is wrong. Check them and try again.')
    expect(result.ofError(new Error('boom'))).toContain('Something went wrong')
  })
})
