/** HTTP contract: what a sample of browsers says they received and painted. */

import * as z from 'zod'
import { channelFamilies, type ChannelFamily } from '../channel.ts'

/** One in this many sessions reports; the service scales what it hears by it. */
export const TELEMETRY_SAMPLE = 16

/** Least time between two reports of one session, in seconds. */
export const TELEMETRY_SECONDS = 15

const families = Object.keys(channelFamilies) as [ChannelFamily, ...ChannelFamily[]]

/** POST /v1/telemetry: what one session received and painted since its last report. */
export const telemetrySchema = z.strictObject({
  /** Events that reached the page, by family and type. */
  received: z.array(z.strictObject({ family: z.enum(families), type: z.string().max(64), count: z.int().min(1).max(100_000) })).max(100),
  /** Milliseconds from an event's `time` to the frame that showed it, by the service's clock. */
  paints: z.array(z.number().min(0).max(600_000)).max(200).default([]),
})

/** The answer: the service's time, by which the browser knows how far its own clock is off. */
export const telemetryNotedSchema = z.object({ now: z.iso.datetime() })

/** See {@link telemetryNotedSchema}. */
export type TelemetryNoted = z.output<typeof telemetryNotedSchema>

/** See {@link telemetrySchema}. */
export type Telemetry = z.input<typeof telemetrySchema>
