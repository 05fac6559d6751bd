/** Events of the usual kinds, each with what it needs and an identifier of its own: say what matters to the test, no more. */

import { formatChannel, type NewEvent } from '@neo-stack/events'

type Of<Type extends NewEvent['type']> = Extract<NewEvent, { type: Type }>

/** Makes events of one tenant. */
export interface Factory {
  alert(data?: Partial<Of<'alert'>['data']>): Of<'alert'>
  deploymentStart(data?: Partial<Of<'deployment_start'>['data']>): Of<'deployment_start'>
  deploymentProgress(data?: Partial<Of<'deployment_progress'>['data']>): Of<'deployment_progress'>
  invoice(data?: Partial<Of<'billing_invoice'>['data']>): Of<'billing_invoice'>
  payment(data?: Partial<Of<'billing_payment'>['data']>): Of<'billing_payment'>
}

/**
 * Starts a factory. Its numbers begin at 1 each time, so that a test sees the same identifiers however it runs.
 * @example
 * const { invoice } = createFactory('acme')
 * await platform.service('acme').rest.events.publish(invoice({ amountMinor: 1990 }))
 */
export function createFactory(tenantId: string): Factory {
  let count = 0
  const channel = (family: 'alerts' | 'deployments' | 'billing'): string => formatChannel(family, { tenantId })
  return {
    alert: data => ({ channel: channel('alerts'), type: 'alert', data: { severity: 'info', message: `Alert ${++count}`, ...data } }),
    deploymentStart: data => ({
      channel: channel('deployments'), type: 'deployment_start',
      data: { deploymentId: `deployment-${++count}`, instanceType: 'odoo', status: 'starting', progress: 0, currentStep: 'Iniciando deployment...', logs: [], ...data },
    }),
    deploymentProgress: data => ({
      channel: channel('deployments'), type: 'deployment_progress',
      data: { deploymentId: `deployment-${count}`, progress: 50, currentStep: 'Configurando...', status: 'in_progress', ...data },
    }),
    invoice: data => ({
      channel: channel('billing'), type: 'billing_invoice',
      data: { invoiceId: `invoice-${++count}`, amountMinor: 1990, currency: 'BRL', status: 'pending', message: `Invoice ${count}`, ...data },
    }),
    payment: data => ({
      channel: channel('billing'), type: 'billing_payment',
      data: { paymentId: `payment-${++count}`, status: 'completed', message: `Payment ${count}`, ...data },
    }),
  }
}
