/** What the service is built over: the same parts in both columns, of different make. */

import { openOtlpTracer, type Database, type EventServiceOptions, type Tracer } from '@neo-stack/event-service'
import type { Config } from './config.ts'
import type { Logs } from './logs.ts'

/** Parts of the event-service, and how to let go of them. */
export interface Parts extends Pick<EventServiceOptions, 'realtime' | 'keys' | 'rotateKeys' | 'revocation' | 'presenceStore' | 'realtimeSeconds' | 'isBehindGateway' | 'tracer'> {
  database: Database
  logs: Logs
  /** Closes what is not the service's own, once the service is closed. */
  close: () => Promise<void>
}

/** Where spans go; nothing is loaded where that is not set. */
export async function openTracer({ otlpUrl }: Pick<Config, 'otlpUrl'>): Promise<{ tracer?: Tracer }> {
  return otlpUrl === undefined ? {} : { tracer: await openOtlpTracer({ url: otlpUrl }) }
}
