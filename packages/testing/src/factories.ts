/** Events of every type of the catalogue, each with what it needs and an identifier of its own: say what matters to the test, no more. */

import { eventTypes, formatChannel, type ChannelParts, type EventInput, type EventTypeName, type NewEvent } from '@neo-stack/events'
import { examples } from './examples.ts'

type Of<Type extends EventTypeName> = Extract<NewEvent, { type: Type }>

/** Whose event it is, beside the tenant. */
export interface EventOwner {
  /** Of a channel of one user. @default somebody who is nobody's account */
  userId?: string
}

/** Makes events of one tenant. */
export interface Factory {
  /**
   * Makes an event of any type, on the first of the channels that carry it.
   * @param data what differs from the example of that type
   */
  event<Type extends EventTypeName>(type: Type, data?: Partial<EventInput<Type>>, owner?: EventOwner): Of<Type>
  alert(data?: Partial<EventInput<'alert'>>): Of<'alert'>
  deploymentStart(data?: Partial<EventInput<'deployment_start'>>): Of<'deployment_start'>
  deploymentProgress(data?: Partial<EventInput<'deployment_progress'>>): Of<'deployment_progress'>
  invoice(data?: Partial<EventInput<'billing_invoice'>>): Of<'billing_invoice'>
  payment(data?: Partial<EventInput<'billing_payment'>>): Of<'billing_payment'>
}

/** Types that go on with the deployment that an event before them started. */
const FOLLOWING: ReadonlySet<EventTypeName> = new Set([
  'deployment_progress', 'deployment_complete', 'deployment_error', 'deployment_cancelled', 'deployment_log',
])

const NOBODY = '00000000-0000-7000-8000-000000000000'

/**
 * Starts a factory. Its numbers begin at 1 each time, so that a test sees the same identifiers however it runs; what follows the start of a
 * deployment is of the one that was started last.
 * @param now the time that events say, where they say one. @default the real one
 * @example
 * const { invoice, event } = createFactory('acme')
 * await platform.service('acme').rest.events.publish(invoice({ amountMinor: 1990 }))
 * await platform.service('acme').rest.events.publish(event('deployment_error', { deploymentId: 'odoo-1' }))
 */
export function createFactory(tenantId: string, now: () => number = Date.now): Factory {
  let count = 0
  let started = 'deployment-1'
  const event: Factory['event'] = (type, data, { userId = NOBODY } = {}) => {
    const isFollowing = FOLLOWING.has(type)
    const n = isFollowing ? count : ++count
    const whole = { ...examples[type]({ n, time: new Date(now()).toISOString(), deploymentId: isFollowing ? started : `deployment-${n}` }), ...data }
    if (type === 'deployment_start' && 'deploymentId' in whole) started = String(whole.deploymentId)
    // The types know each type's data by its name; the compiler does not follow them through a spread.
    return { channel: toChannel(type, { tenantId, userId, ...'deploymentId' in whole && { deploymentId: String(whole.deploymentId) } }), type, data: whole } as never
  }
  return {
    event,
    alert: data => event('alert', data),
    deploymentStart: data => event('deployment_start', data),
    deploymentProgress: data => event('deployment_progress', data),
    invoice: data => event('billing_invoice', data),
    payment: data => event('billing_payment', data),
  }
}

function toChannel(type: EventTypeName, parts: ChannelParts): string {
  const [family] = eventTypes[type].families
  if (!family) throw new TypeError(`no channel carries ${type}`)
  return formatChannel(family, parts)
}
