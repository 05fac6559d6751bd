/** The channels and events as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0). Pure. */

import * as z from 'zod'
import { eventTypes } from './catalog.ts'
import { channelFamilies, type ChannelFamily } from './channel.ts'
import { envelopeSchema } from './envelope.ts'

/** An AsyncAPI document: JSON. */
export type AsyncApi = Record<string, unknown>

const parameters = {
  t: { description: 'Tenant: lowercase letters, digits and hyphens' },
  d: { description: 'Deployment: lowercase letters, digits and hyphens' },
  u: { description: 'User: lowercase UUID' },
} as const

const kept = {
  log: 'Kept: numbered 1, 2, 3 … in `seq`, read again by GET /v1/history.',
  rollups: 'Kept as samples: read again by GET …/metrics.',
  no: 'Not kept.',
} as const

/** Describes every channel family with the events it carries, as they arrive over the realtime connection. */
export function toAsyncApi(version: string): AsyncApi {
  const families = Object.keys(channelFamilies) as ChannelFamily[]
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'NEO_STACK Events', version,
      description: 'Events over Centrifugo\'s client protocol (WebSocket, HTTP streaming, SSE): connect and subscribe with tokens of POST /v1/realtime/…; publish with POST /v1/events.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(families.map(family => [family, toChannel(family)])),
    operations: Object.fromEntries(families.map(family => [`receive-${family}`, {
      action: 'send', summary: `Delivers events to subscribers of ${channelFamilies[family].pattern}`, channel: { $ref: `#/channels/${family}` },
    }])),
    components: { messages: Object.fromEntries(Object.values(eventTypes).map(event => [event.type, toMessage(event)])) },
  }
}

function toChannel(family: ChannelFamily): AsyncApi {
  const { pattern, doc, kept: how } = channelFamilies[family]
  const names = [...pattern.matchAll(/\{([tdu])\}/g)].map(([, name]) => name as keyof typeof parameters)
  const types = Object.values(eventTypes).filter(({ families }) => families.includes(family))
  return {
    address: pattern, title: doc, description: kept[how],
    ...names.length > 0 && { parameters: Object.fromEntries(names.map(name => [name, parameters[name]])) },
    messages: Object.fromEntries(types.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
  }
}

/** A message is the whole envelope with the type's own data in it. */
function toMessage({ type, doc, data }: (typeof eventTypes)[keyof typeof eventTypes]): AsyncApi {
  const envelope = envelopeSchema.extend({ type: z.literal(type), data })
  return { name: type, title: doc, contentType: 'application/json', payload: z.toJSONSchema(envelope, { target: 'draft-7', io: 'output', unrepresentable: 'any' }) }
}
