/** The app's one client, found by injection: tests provide another. */
import type { InjectionKey } from 'vue'
import type { Client } from '@neo-stack/client'
import { inject } from 'vue'

/** Key the client is provided by. */
export const clientKey: InjectionKey<Client> = Symbol('neo-stack client')

/**
 * The client of this app: session, REST, connection and feeds.
 * @throws {Error} outside of an app that uses the module.
 */
export function useNeoClient(): Client {
  const client = inject(clientKey, undefined)
  if (!client) throw new Error('useNeoClient: no client is provided; add @neo-stack/nuxt to the modules of nuxt.config')
  return client
}
