/** POST /v1/telemetry: what a sample of browsers received and painted, for the platform's own metrics. */

import type * as z from 'zod'
import { eventTypes, isEventTypeName, TELEMETRY_SECONDS, telemetryNotedSchema, telemetrySchema } from '@neo-stack/events'
import { Problem } from '../errors.ts'
import { principalOf, type App } from '../http.ts'
import { createLimiter } from '../plugins/limiter.ts'
import type { Meter } from '../plugins/metrics.ts'

/** A browser's timer may ring a little early. */
const EARLY_SECONDS = 1

/** Adds the route. */
export function telemetryRoute(app: App, { trackReceive }: Pick<Meter, 'trackReceive'>, now: () => number): void {
  const limiter = createLimiter({ points: 1, seconds: TELEMETRY_SECONDS - EARLY_SECONDS })
  app.post('/v1/telemetry', {
    schema: {
      summary: 'Report what a browser received and painted', tags: ['telemetry'], body: telemetrySchema, response: { 200: telemetryNotedSchema },
      description: 'Sent by one session in sixteen, at most every 15 s: the counts become an estimate in events_received_total.',
    },
  }, async request => {
    const { userId, kind } = principalOf(request)
    if (kind !== 'user') throw new Problem('forbidden', { detail: 'Only people\'s browsers report.' })
    assertCarried(request.body.received)
    await limiter.take(userId)
    trackReceive(request.body)
    return { now: new Date(now()).toISOString() }
  })
}

/** Labels come from the catalogue only, so that nobody can make series up. */
function assertCarried(received: z.output<typeof telemetrySchema>['received']): void {
  const errors = received.flatMap(({ family, type }, index) =>
    isEventTypeName(type) && eventTypes[type].families.includes(family) ? [] : [{ path: `received.${index}.type`, message: `${family} does not carry it` }])
  if (errors.length > 0) throw new Problem('invalid_request', { errors })
}
