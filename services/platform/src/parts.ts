/** What the service is built over: the same parts in both columns, of different make. */

import { pino, type Logger } from 'pino'
import { logSerializers, type Database, type EventServiceOptions } from '@neo-stack/event-service'
import type { Config } from './config.ts'

/** Parts of the event-service, and how to let go of them. */
export interface Parts extends Pick<EventServiceOptions, 'realtime' | 'keys' | 'rotateKeys' | 'revocation' | 'presenceStore' | 'realtimeSeconds' | 'isBehindGateway'> {
  database: Database
  logger: Logger
  /** Closes what is not the service's own, once the service is closed. */
  close: () => Promise<void>
}

/** The log of a process: lines of JSON on stderr, with nothing in them that a caller sent. */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: logLevel, serializers: logSerializers }, pino.destination({ dest: 2, sync: true }))
}
