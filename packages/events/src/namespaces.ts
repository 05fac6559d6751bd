/**
 * Options of the realtime namespaces, the one source for the engine's options and Centrifugo's configuration. The namespace
 * is the text before the first `:` of a channel name, so all channels of a namespace share one set of options.
 */

import { channelFamilies } from './channel.ts'

/** Channel options of one namespace, in the words of Centrifugo's configuration (durations in milliseconds). */
export interface NamespaceOptions {
  name: string
  historySize: number
  historyTtlMs: number
  forcePositioning: boolean
  forceRecovery: boolean
  joinLeave: boolean
}

const shared = { historySize: 300, historyTtlMs: 600_000, forcePositioning: true, forceRecovery: true, joinLeave: false }
const names = new Set(Object.values(channelFamilies).map(family => family.pattern.slice(0, family.pattern.indexOf(':'))))

/** Every namespace with its options; what a family does not keep is published with `skip_history`. */
export const namespaces: readonly NamespaceOptions[] = [...names].map(name => ({ name, ...shared }))
