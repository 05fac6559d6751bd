/** What happened while a chart was drawn: deployments and billing beside the figures. Pure. */
import type { Envelope, MarkList } from '@neo-stack/events'
import { markTypes } from '@neo-stack/events'

/** Something that happened, with what to say of it. */
export interface Mark {
  id: string
  /** Seconds since the Unix epoch. */
  at: number
  /** Type of the event. */
  type: string
  /** What it was about: an instance's name, an amount; for operators the tenant. */
  text: string
  isBad: boolean
}

/** The search for events of these types. */
export const markQuery: string = markTypes.map(type => `type:${type}`).join(' OR ')

/** Events as marks, oldest first. */
export function toMarks(events: readonly Envelope[]): Mark[] {
  return events.map(({ id, type, time, data }) => ({ id, at: Math.floor(Date.parse(time) / 1000), type, text: textOf(data), isBad: type === 'deployment_error' || data['status'] === 'failed' }))
    .toSorted((one, other) => one.at - other.at)
}

/** What is told to operators as marks, oldest first. */
export function ofTenants({ marks }: MarkList): Mark[] {
  return marks.map(({ id, time, type, tenantId, isBad }) => ({ id, at: Math.floor(Date.parse(time) / 1000), type, text: tenantId, isBad })).toReversed()
}

function textOf(data: Readonly<Record<string, unknown>>): string {
  const found = ['name', 'instanceId', 'invoiceId', 'paymentId', 'subscriptionId', 'plan', 'newPlan', 'resource'].map(field => data[field]).find(value => typeof value === 'string')
  return typeof found === 'string' ? found : ''
}
