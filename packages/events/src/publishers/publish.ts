/** What publishers publish through: in process inside event-service, over HTTP elsewhere. */

import type { EventInput, EventTypeName } from '../catalog.ts'
import type { Published } from '../api/events.ts'

/** An event on its way in. `idempotencyKey` makes a repeat answer the first result for 24 h. */
export type NewEvent = { [Type in EventTypeName]: { channel: string, type: Type, data: EventInput<Type>, idempotencyKey?: string } }[EventTypeName]

/** Publishes one event; resolves once it is durable. Rejects with the API's problem. */
export type Publish = (event: NewEvent) => Promise<Published>

/** What a publisher returns: the event's data with what the envelope says, under the specification's names. */
export type PublishedEvent<Data> = Data & Published & { tenantId: string, timestamp: string }

/** Publishes and gives back the event. */
export async function publishAndReturn<Event extends NewEvent>(publish: Publish, tenantId: string, event: Event): Promise<PublishedEvent<Event['data']>> {
  const published = await publish(event)
  return Object.assign({}, event.data, published, { tenantId, timestamp: published.time })
}
