/** Channel options that one subscription has another way, as tokens and the server API write them. Pure. Source: PROTOCOL 2.2, 3.4. */
import type { SubscribeOverride } from './hook-shapes.ts'

/** Names on the wire. */
const NAMES = {
  presence: 'presence',
  join_leave: 'joinLeave',
  force_recovery: 'forceRecovery',
  force_positioning: 'forcePositioning',
  force_push_join_leave: 'forcePushJoinLeave',
} as const

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `{presence: {value: true}, …}`; what is no such object says nothing. */
export function toOverride(given: unknown): SubscribeOverride {
  if (!isMembers(given)) return {}
  const entries = Object.entries(NAMES).flatMap(([wire, name]) => {
    const member = Object.hasOwn(given, wire) ? given[wire] : undefined
    return isMembers(member) ? [[name, member.value === true] as const] : []
  })
  return Object.fromEntries(entries)
}
