import { describe, expect, it } from 'vitest'
import { BillingPublisher, DeploymentPublisher, MetricsPublisher, parseChannel, parseEvent, type NewEvent, type Publish } from '../src/index.ts'

function recorder(): { events: NewEvent[], publish: Publish } {
  const events: NewEvent[] = []
  const publish: Publish = event => {
    events.push(event)
    return Promise.resolve({ id: '0190b5a0-7c1e-7000-8000-000000000001', seq: events.length, time: '2026-01-01T00:00:00.000Z' })
  }
  return { events, publish }
}

describe('DeploymentPublisher', () => {
  it('returns the start as the specification shows it', async () => {
    const event = await new DeploymentPublisher(recorder().publish).publishStart('tenant-123', 'deploy-456', 'odoo')
    expect(event).toMatchObject({ tenantId: 'tenant-123', deploymentId: 'deploy-456', instanceType: 'odoo', status: 'starting', progress: 0, timestamp: '2026-01-01T00:00:00.000Z' })
  })

  it('publishes progress with its log line on the tenant\'s channel', async () => {
    const { events, publish } = recorder()
    await new DeploymentPublisher(publish).publishProgress('tenant-123', 'deploy-456', 50, 'Configuring...', 'Creating network')
    expect(events).toEqual([{
      channel: 'tenant:tenant-123:deployments', type: 'deployment_progress',
      data: { deploymentId: 'deploy-456', progress: 50, currentStep: 'Configuring...', logs: ['Creating network'], status: 'in_progress' },
    }])
  })

  it('returns the completion with the address in the log', async () => {
    const event = await new DeploymentPublisher(recorder().publish).publishCompletion('tenant-123', 'deploy-456', 'https://odoo-tenant123.neo-stack.com')
    expect(event).toMatchObject({ status: 'completed', progress: 100 })
    expect(event.logs).toContain('Instância disponível em: https://odoo-tenant123.neo-stack.com')
  })

  it('passes the idempotency key beside the data, not inside it', async () => {
    const { events, publish } = recorder()
    await new DeploymentPublisher(publish).publishError('acme', 'd1', 'no space left', { messageKey: 'disk_full', idempotencyKey: 'k' })
    expect(events[0]).toMatchObject({ idempotencyKey: 'k', data: { error: 'no space left', messageKey: 'disk_full', status: 'failed' } })
    expect(events[0]?.data).not.toHaveProperty('idempotencyKey')
  })
})

describe('BillingPublisher', () => {
  it('returns the invoice as the specification shows it, with the money in minor units', async () => {
    const event = await new BillingPublisher(recorder().publish).publishInvoice('acme', 'inv-1', 199_90, 'BRL')
    expect(event).toMatchObject({ tenantId: 'acme', invoiceId: 'inv-1', amountMinor: 19_990, currency: 'BRL', status: 'pending', message: 'Nova fatura disponível: BRL 199,90' })
  })

  it.each([['JPY', 1990, 'JPY 1.990'], ['BRL', 1990, 'BRL 19,90'], ['KWD', 1990, 'KWD 1,990']])('says an amount of %s with its own decimals', async (currency, amountMinor, text) => {
    const { message } = await new BillingPublisher(recorder().publish).publishInvoice('acme', 'inv-1', amountMinor, currency)
    expect(message).toBe(`Nova fatura disponível: ${text}`)
  })

  it.each([[900, 'pending'], [901, 'failed']])('calls a usage of %i of 1000 %s', async (usage, status) => {
    const event = await new BillingPublisher(recorder().publish).publishUsageAlert('acme', usage, 1000, 'storage')
    expect(event).toMatchObject({ status, usage, limit: 1000, resource: 'storage', percentage: usage / 10, message: `Alerta: ${(usage / 10).toFixed(1)}% do limite de storage usado` })
  })
})

describe('publishers', () => {
  it('only make events that the catalogue accepts', async () => {
    const { events, publish } = recorder()
    const deployments = new DeploymentPublisher(publish)
    const metrics = new MetricsPublisher(publish)
    const sample = { cpu: 1, memory: 2, disk: 3, networkIn: 4, networkOut: 5, activeInstances: 6, uptime: 7 }
    await deployments.publishStart('acme', 'd1', 'wazuh')
    await deployments.publishProgress('acme', 'd1', 10, 'x', 'y')
    await deployments.publishCompletion('acme', 'd1', 'https://a.example')
    await deployments.publishError('acme', 'd1', 'bad')
    await metrics.publishSystemMetrics(sample)
    await metrics.publishTenantMetrics('acme', { ...sample, at: 1 })
    await metrics.publishAlert(null, 'disk', 'critical')
    await metrics.publishAlert('acme', 'disk', 'info')
    const count = events.length
    const billing = new BillingPublisher(publish)
    await billing.publishInvoice('acme', 'inv-1', 100, 'USD', { dueAt: '2026-12-01T00:00:00Z', idempotencyKey: 'k' })
    await billing.publishPaymentStatus('acme', 'pay-1', 'failed', 'Cartão recusado')
    await billing.publishUsageAlert('acme', 95, 100, 'cpu')
    await billing.publishPlanChange('acme', 'Pro', { previousPlan: 'Free' })
    await billing.publishSubscription('acme', 'sub-1', 'completed', 'Assinatura renovada')
    expect(new Set(events.splice(count).map(event => {
      const channel = parseChannel(event.channel)
      expect(channel && parseEvent(channel, event.type, event.data)).toMatchObject({ ok: true })
      return event.channel
    }))).toEqual(new Set(['tenant:acme:billing']))
    for (const event of events) {
      const channel = parseChannel(event.channel)
      expect(channel && parseEvent(channel, event.type, event.data)).toMatchObject({ ok: true })
    }
    expect(events.map(event => event.channel)).toEqual([
      ...Array(4).fill('tenant:acme:deployments'), 'admin:metrics', 'tenant:acme:metrics', 'admin:alerts', 'tenant:acme:alerts',
    ])
  })
})
