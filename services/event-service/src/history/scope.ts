/** Which channels a search may look into: the right to each family, as a list for SQL. Pure. */

import { authorize, channelFamilies, channelOf, parseChannel, type Channel, type ChannelFamily, type Principal } from '@neo-stack/events'

/** Channels by name, and by what their name starts with. */
export interface Scope {
  tenantId: string
  names: readonly string[]
  prefixes: readonly string[]
  /** An operator looks at a tenant's things. */
  audited: boolean
}

/** Stands for every deployment where only the family matters. */
const ANY = 'x'

/** The scope of one channel, or the status of the denial. */
export function channelScope(principal: Principal, name: string): Scope | 403 | 404 {
  const channel = parseChannel(name)
  const decision = channel && authorize(principal, channel, 'history')
  if (!channel || !decision?.allowed) return decision?.allowed === false ? decision.status : 404
  return { tenantId: channel.tenantId, names: [name], prefixes: [], audited: decision.audited }
}

/** The scope of everything in a tenant that the principal may read, or the status of the denial when that is nothing. */
export function tenantScope(principal: Principal, tenantId: string): Scope | 403 | 404 {
  const channels = (Object.keys(channelFamilies) as ChannelFamily[]).flatMap(family => ofFamily(family, principal, tenantId))
  const decisions = channels.map(channel => ({ channel, decision: authorize(principal, channel, 'history') }))
  const readable = decisions.flatMap(({ channel, decision }) => decision.allowed ? [{ channel, ...decision }] : [])
  if (readable.length === 0) return decisions.some(({ decision }) => !decision.allowed && decision.status === 403) ? 403 : 404
  const [exact, open] = [readable.filter(({ channel }) => !channel.deploymentId), readable.filter(({ channel }) => channel.deploymentId)]
  return {
    tenantId, audited: readable.some(({ audited }) => audited),
    names: exact.map(({ channel }) => channel.name), prefixes: open.map(({ channel }) => channel.name.slice(0, -ANY.length)),
  }
}

function ofFamily(family: ChannelFamily, { userId, kind }: Principal, tenantId: string): Channel[] {
  if (channelFamilies[family].kept !== 'log' || (family === 'user' && kind !== 'user')) return []
  const channel = channelOf(family, { tenantId, deploymentId: ANY, userId })
  return channel.tenantId === tenantId ? [channel] : []
}
