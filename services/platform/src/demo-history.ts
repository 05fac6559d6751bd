/**
 * The small history the demonstration starts with: per tenant one deployment that succeeded and one that failed, labelled as
 * simulated, and a few words of billing, under the actor `demo`. Every event has an idempotency key, so that a start that was
 * cut short plays the rest.
 */

import { BillingPublisher, DeploymentPublisher, type DeploymentDetail, type InstanceType, type Publish } from '@neo-stack/events'

/** One deployment of the demo history. */
interface DemoDeployment {
  deploymentId: string
  instanceId: string
  instanceType: InstanceType
  name: string
  steps: readonly { step: string, currentStep: string, progress: number, log: string }[]
  error?: { reason: string, messageKey: string }
}

const deployments: readonly DemoDeployment[] = [
  {
    deploymentId: 'demo-odoo', instanceId: 'erp-demo', instanceType: 'odoo', name: 'ERP demonstração',
    steps: [
      { step: 'pull_image', currentStep: 'Baixando imagem Docker...', progress: 20, log: 'odoo: pull complete' },
      { step: 'create_network', currentStep: 'Configurando container...', progress: 40, log: 'Creating network "odoo-network"' },
      { step: 'start_service', currentStep: 'Iniciando serviços...', progress: 60, log: 'Starting odoo container...' },
      { step: 'init_database', currentStep: 'Configurando banco de dados...', progress: 80, log: 'modules loaded' },
    ],
  },
  {
    deploymentId: 'demo-netbox', instanceId: 'rede-demo', instanceType: 'netbox', name: 'Rede demonstração',
    steps: [{ step: 'pull_image', currentStep: 'Baixando imagem Docker...', progress: 20, log: 'netbox: pull complete' }],
    error: { reason: 'A porta 8080 do host já está em uso.', messageKey: 'port_in_use' },
  },
]

/** Plays the history of one tenant; resolves when all of it is durable. */
export async function playDemoHistory(publish: Publish, tenantId: string): Promise<void> {
  const publisher = new DeploymentPublisher(publish)
  for (const deployment of deployments) await playDeployment(publisher, tenantId, deployment)
  await playBilling(new BillingPublisher(publish), tenantId)
}

async function playBilling(publisher: BillingPublisher, tenantId: string): Promise<void> {
  const detail = (idempotencyKey: string): { idempotencyKey: string, metadata: { demo: true } } => ({ idempotencyKey: `demo:billing:${idempotencyKey}`, metadata: { demo: true } })
  await publisher.publishSubscription(tenantId, 'demo-subscription', 'completed', 'Demonstração: assinatura do plano Pro ativada', { ...detail('subscription'), planName: 'Pro' })
  await publisher.publishInvoice(tenantId, 'demo-invoice-1', 49_900, 'BRL', detail('invoice'))
  await publisher.publishPaymentStatus(tenantId, 'demo-payment-1', 'completed', 'Demonstração: pagamento recebido', { ...detail('payment'), invoiceId: 'demo-invoice-1', amountMinor: 49_900, currency: 'BRL' })
  await publisher.publishUsageAlert(tenantId, 82, 100, 'armazenamento', detail('usage'))
}

async function playDeployment(publisher: DeploymentPublisher, tenantId: string, demo: DemoDeployment): Promise<void> {
  const { deploymentId, instanceId, instanceType, name } = demo
  const detail = (phase: string): DeploymentDetail => ({ instanceId, simulated: true, idempotencyKey: `demo:${deploymentId}:${phase}` })
  await publisher.publishStart(tenantId, deploymentId, instanceType, { ...detail('start'), name, logs: ['Demonstração: nada real foi implantado.'] })
  for (const { step, currentStep, progress, log } of demo.steps) {
    await publisher.publishProgress(tenantId, deploymentId, progress, currentStep, { ...detail(step), step, logs: [log] })
  }
  if (demo.error) await publisher.publishError(tenantId, deploymentId, demo.error.reason, { ...detail('error'), messageKey: demo.error.messageKey, params: { port: 8080 } })
  else await publisher.publishCompletion(tenantId, deploymentId, `https://odoo-${tenantId}.neo-stack.example`, detail('complete'))
}
