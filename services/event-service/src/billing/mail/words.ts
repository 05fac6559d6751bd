/** What letters say, in each language. */

import type { BillingPreferences, BillingStatus } from '@neo-stack/events'

/** A language of letters. */
export type Language = BillingPreferences['language']

/** Sentences of one language. */
export interface Words {
  subject: (count: number, first: string) => string
  greeting: (name: string) => string
  lead: (count: number) => string
  more: (count: number) => string
  open: string
  why: string
  status: Readonly<Record<BillingStatus, string>>
  invoice: Readonly<Record<BillingStatus, (id: string, amount: string) => string>>
  payment: Readonly<Record<BillingStatus, string>>
  subscription: Readonly<Record<BillingStatus, string>>
  plan: (plan: string) => string
  usage: (percentage: string, resource: string) => string
  usageOver: (percentage: string, resource: string, threshold: string) => string
}

const portuguese: Words = {
  subject: (count, first) => count === 1 ? first : `${count} notificações de faturamento`,
  greeting: name => `Olá, ${name},`,
  lead: count => count === 1 ? 'há uma notificação de faturamento que você ainda não viu:' : `há ${count} notificações de faturamento que você ainda não viu:`,
  more: count => `e mais ${count}.`,
  open: 'Abrir a caixa de entrada',
  why: 'Você recebe este e-mail porque o pediu nas configurações; lá também pode desligá-lo.',
  status: { pending: 'Pendente', completed: 'Concluído', failed: 'Falhou', cancelled: 'Cancelado' },
  invoice: {
    pending: (_id, amount) => `Nova fatura disponível: ${amount}`, completed: (id, amount) => `Fatura ${id} paga: ${amount}`,
    failed: (id, amount) => `Cobrança da fatura ${id} falhou: ${amount}`, cancelled: id => `Fatura ${id} cancelada`,
  },
  payment: { pending: 'Pagamento em processamento', completed: 'Pagamento recebido', failed: 'O pagamento foi recusado', cancelled: 'Pagamento cancelado' },
  subscription: { pending: 'Assinatura aguarda o primeiro pagamento', completed: 'Assinatura ativa', failed: 'Assinatura com pagamento em atraso', cancelled: 'Assinatura encerrada' },
  plan: plan => `Plano alterado para ${plan}`,
  usage: (percentage, resource) => `${percentage} do limite de ${resource} usado`,
  usageOver: (percentage, resource, threshold) => `Uso de ${resource} abaixo de ${threshold}: agora ${percentage}`,
}

const english: Words = {
  subject: (count, first) => count === 1 ? first : `${count} billing notifications`,
  greeting: name => `Hello ${name},`,
  lead: count => count === 1 ? 'there is a billing notification that you have not seen yet:' : `there are ${count} billing notifications that you have not seen yet:`,
  more: count => `and ${count} more.`,
  open: 'Open the inbox',
  why: 'You get this e-mail because you asked for it in the settings; there you can turn it off, too.',
  status: { pending: 'Pending', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' },
  invoice: {
    pending: (_id, amount) => `New invoice: ${amount}`, completed: (id, amount) => `Invoice ${id} paid: ${amount}`,
    failed: (id, amount) => `Charging invoice ${id} failed: ${amount}`, cancelled: id => `Invoice ${id} cancelled`,
  },
  payment: { pending: 'Payment is being processed', completed: 'Payment received', failed: 'The payment was declined', cancelled: 'Payment cancelled' },
  subscription: { pending: 'Subscription awaits the first payment', completed: 'Subscription active', failed: 'Payment of the subscription is overdue', cancelled: 'Subscription ended' },
  plan: plan => `Plan changed to ${plan}`,
  usage: (percentage, resource) => `${percentage} of the limit of ${resource} used`,
  usageOver: (percentage, resource, threshold) => `Usage of ${resource} below ${threshold}: now ${percentage}`,
}

const spanish: Words = {
  subject: (count, first) => count === 1 ? first : `${count} notificaciones de facturación`,
  greeting: name => `Hola, ${name}:`,
  lead: count => count === 1 ? 'hay una notificación de facturación que aún no ha visto:' : `hay ${count} notificaciones de facturación que aún no ha visto:`,
  more: count => `y ${count} más.`,
  open: 'Abrir la bandeja de entrada',
  why: 'Recibe este correo porque lo pidió en la configuración; allí también puede desactivarlo.',
  status: { pending: 'Pendiente', completed: 'Completado', failed: 'Falló', cancelled: 'Cancelado' },
  invoice: {
    pending: (_id, amount) => `Nueva factura disponible: ${amount}`, completed: (id, amount) => `Factura ${id} pagada: ${amount}`,
    failed: (id, amount) => `El cobro de la factura ${id} falló: ${amount}`, cancelled: id => `Factura ${id} cancelada`,
  },
  payment: { pending: 'Pago en proceso', completed: 'Pago recibido', failed: 'El pago fue rechazado', cancelled: 'Pago cancelado' },
  subscription: { pending: 'La suscripción espera el primer pago', completed: 'Suscripción activa', failed: 'Suscripción con pago atrasado', cancelled: 'Suscripción terminada' },
  plan: plan => `Plan cambiado a ${plan}`,
  usage: (percentage, resource) => `${percentage} del límite de ${resource} usado`,
  usageOver: (percentage, resource, threshold) => `Uso de ${resource} por debajo de ${threshold}: ahora ${percentage}`,
}

/** Sentences by language. */
export const words: Readonly<Record<Language, Words>> = { 'pt-BR': portuguese, 'en': english, 'es': spanish }
