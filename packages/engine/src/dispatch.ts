/** From a command to its decision. What may be said in which mode is decided here, before any command's own rules. */
import { connect } from './commands/connect.ts'
import { history } from './commands/history.ts'
import { presence, presenceStats } from './commands/presence.ts'
import { publish } from './commands/publish.ts'
import { refresh } from './commands/refresh.ts'
import { rpc, send } from './commands/rpc.ts'
import { subRefresh } from './commands/sub-refresh.ts'
import { subscribe } from './commands/subscribe.ts'
import { unsubscribe } from './commands/unsubscribe.ts'
import { disconnect } from './disconnects.ts'
import { refuse } from './errors.ts'
import type { Method } from './command.ts'
import type { Dispatch, Outcome } from './outcome.ts'

/** What counts as a message of the client. */
const MESSAGES: ReadonlySet<Method> = new Set(['publish', 'rpc', 'send', 'presence', 'presence_stats', 'history'])

/** `send` has no reply that could say so. */
const tooMany = (method: Method): Outcome => (method === 'send' ? disconnect('tooManyRequests') : refuse('tooManyRequests'))

/** Decides on a command. Only `connect` may come before the session is connected. */
export const dispatch: Dispatch = (session, command, ports) => {
  if (command.method !== 'connect' && session.status !== 'connected') return disconnect('badRequest')
  if (MESSAGES.has(command.method) && !ports.limiter.take('messages', session)) return tooMany(command.method)
  switch (command.method) {
    case 'connect': return connect(session, command.request, ports)
    case 'subscribe': return subscribe(session, command.request, ports)
    case 'unsubscribe': return unsubscribe(session, command.request)
    case 'publish': return publish(session, command.request, ports)
    case 'presence': return presence(session, command.request, ports)
    case 'presence_stats': return presenceStats(session, command.request, ports)
    case 'history': return history(session, command.request, ports)
    case 'refresh': return refresh(session, command.request, ports)
    case 'sub_refresh': return subRefresh(session, command.request, ports)
    case 'rpc': return rpc(session, command.request, ports)
    case 'send': return send(session, command.request, ports)
    case 'ping': return disconnect('badRequest')
  }
}
