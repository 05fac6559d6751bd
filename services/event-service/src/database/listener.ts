/** Listens to NOTIFY on a connection of its own, and comes back when that breaks. */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** What to listen to and whom to tell. */
export interface ListenOptions {
  url: string
  channel: string
  onNotification: (payload: string) => void
  /** Something may have been missed. */
  onReconnect: () => void
  onFault: (error: unknown) => void
}

/** Milliseconds between two tries to come back. */
const RETRY_MS = 1000

/** Resolves when listening; `close` ends it for good. */
export async function listenOn(options: ListenOptions): Promise<{ close: () => Promise<void> }> {
  const stop = new AbortController()
  let client = await connect(options)
  const keep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await lost(client, stop.signal)
      if (stop.signal.aborted) return
      await sleep(RETRY_MS, undefined, { signal: stop.signal }).catch(() => undefined)
      if (!stop.signal.aborted) client = await connect(options).then(back => { options.onReconnect(); return back }, (error: unknown) => { options.onFault(error); return client })
    }
  }
  const kept = keep()
  return {
    close: async () => {
      stop.abort()
      await kept
      await client.end().catch(options.onFault)
    },
  }
}

async function connect({ url, channel, onNotification, onFault }: ListenOptions): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'neo-listener', keepAlive: true })
  client.on('error', onFault)
  client.on('notification', ({ payload = '' }) => { onNotification(payload) })
  await client.connect()
  await client.query(`listen ${pg.escapeIdentifier(channel)}`)
  return client
}

/** Resolves when the connection ended, or when it no longer matters. */
function lost(client: pg.Client, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    client.once('end', () => { resolve() })
    signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
}
