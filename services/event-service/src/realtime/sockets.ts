/**
 * Which presence connections have a socket. A client names its presence connection in the data of its connect command; several
 * sockets may name one (the old one of a lost network ends after the new one began), and it is lost with the last of them.
 */

import { connectionIdSchema } from '@neo-stack/events'
import type { Actor, ConnectingContext } from '@neo-stack/engine'
import type { SocketListener } from './realtime.ts'

/** Names offered by clients whose connection was refused afterwards are forgotten beyond this many. */
const MAX_OFFERED = 10_000

/** Hooks of the engine that watch sockets. */
export interface Sockets {
  onConnecting: (context: ConnectingContext) => void
  onConnected: (actor: Actor) => void
  onDisconnect: (actor: Actor) => void
  /** Whom to tell. */
  listen: (listener: SocketListener) => void
}

/** Watches sockets. */
export function createSockets(): Sockets {
  const offered = new Map<string, string>()
  const named = new Map<string, { connectionId: string, user: string }>()
  const open = new Map<string, Set<string>>()
  let tell: SocketListener = () => undefined
  const say = (user: string, connectionId: string, isOpen: boolean): void => {
    const slash = user.indexOf('/')
    tell({ tenantId: user.slice(0, slash), userId: user.slice(slash + 1), connectionId }, isOpen)
  }
  return {
    listen: listener => { tell = listener },
    onConnecting: ({ client, data, isRefresh }) => {
      const connectionId = isRefresh ? undefined : toConnectionId(data)
      if (connectionId === undefined) return
      if (offered.size >= MAX_OFFERED) offered.delete(offered.keys().next().value ?? '')
      offered.set(client, connectionId)
    },
    onConnected: ({ client, user }) => {
      const connectionId = offered.get(client)
      if (connectionId === undefined || !user.includes('/')) return
      offered.delete(client)
      named.set(client, { connectionId, user })
      const name = `${user} ${connectionId}`
      open.set(name, (open.get(name) ?? new Set()).add(client))
      say(user, connectionId, true)
    },
    onDisconnect: ({ client }) => {
      const { connectionId, user } = named.get(client) ?? {}
      if (connectionId === undefined || user === undefined) return
      named.delete(client)
      const clients = open.get(`${user} ${connectionId}`)
      clients?.delete(client)
      if (clients?.size !== 0) return
      open.delete(`${user} ${connectionId}`)
      say(user, connectionId, false)
    },
  }
}

/** The engine hands over JSON text; anything but the expected shape is no name. */
function toConnectionId(data: string | undefined): string | undefined {
  if (data === undefined || data.length > 200) return undefined
  try {
    const { presence } = (JSON.parse(data) ?? {}) as { presence?: unknown }
    return connectionIdSchema.safeParse(presence).data
  } catch {
    return undefined
  }
}
