/** Counts what is asked of broker and presence store, under Centrifugo's names of actions. */
import type { Broker } from './broker.ts'
import type { Meters } from './meters.ts'
import type { PresenceStore } from './presence.ts'

interface Stores {
  readonly broker: Broker
  readonly presence: PresenceStore
}

/** The same stores, counted. */
export function countActions({ broker, presence }: Stores, meters: Meters): Stores {
  const count = (action: string, channel: string): void => { meters.actions.of(action, meters.label(channel)).value++ }
  return {
    broker: {
      publish: (channel, draft, retention) => broker.publish(channel, draft, retention),
      history(channel, filter, retention) {
        count('history', channel)
        return broker.history(channel, filter, retention)
      },
      removeHistory(channel) {
        count('history_remove', channel)
        broker.removeHistory(channel)
      },
      close: () => { broker.close() },
    },
    presence: {
      add(channel, info) {
        count('add_presence', channel)
        presence.add(channel, info)
      },
      remove(channel, client) {
        count('remove_presence', channel)
        presence.remove(channel, client)
      },
      list(channel) {
        count('presence', channel)
        return presence.list(channel)
      },
      close: () => { presence.close() },
    },
  }
}
