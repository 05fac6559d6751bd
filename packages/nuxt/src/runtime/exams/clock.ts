/** One server clock per client: every answer that says the time teaches the same one. */
import type { Client, ServerClock } from '@neo-stack/client'
import { createServerClock } from '@neo-stack/client'

const clocks = new WeakMap<Client, ServerClock>()

/** The service's time as this app knows it. */
export function serverClockOf(client: Client): ServerClock {
  const clock = clocks.get(client) ?? createServerClock()
  clocks.set(client, clock)
  return clock
}
