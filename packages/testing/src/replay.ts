/** What a listener received, kept as JSON and published again: a case from one platform becomes a test on another. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Envelope, PublishRequest, Published } from '@neo-stack/events'

/** Events and when each happened, in milliseconds after the first; JSON as it is. */
export interface Recording {
  version: 1
  events: { atMs: number, channel: string, type: string, data: Record<string, unknown> }[]
}

/** How a recording is played. */
export interface ReplayOptions {
  /** Publishes one event, such as `platform.service('acme').rest.events.publish`. */
  publish: (event: PublishRequest) => Promise<Published>
  /** Another channel for each, for another tenant. @default the same */
  channelOf?: (channel: string) => string
  /** How much faster than it happened. @default Infinity: as fast as answers come */
  speed?: number
  /** Makes each event count once, however often the recording is played under this name. @default none */
  name?: string
}

/** Makes a recording of what was received. */
export function record(events: readonly Envelope[]): Recording {
  const startedAt = Date.parse(events[0]?.time ?? '')
  return { version: 1, events: events.map(({ channel, type, time, data }) => ({ atMs: Date.parse(time) - startedAt, channel, type, data })) }
}

/**
 * Publishes everything again, in order, one after the other's answer.
 * @returns the answers
 * @throws {ApiError} with the first refusal; what came before it stays published
 */
export async function replay({ events }: Recording, { publish, channelOf = channel => channel, speed = Infinity, name }: ReplayOptions): Promise<Published[]> {
  const startedAt = performance.now()
  const answers: Published[] = []
  for (const [index, { atMs, channel, type, data }] of events.entries()) {
    const early = atMs / speed - (performance.now() - startedAt)
    if (early > 0) await sleep(early)
    answers.push(await publish({ channel: channelOf(channel), type, data, ...name !== undefined && { idempotencyKey: `${name}-${index}` } }))
  }
  return answers
}
