/**
 * Which addresses a request for a tenant may reach: the public internet and nothing else. Pure. What is not known to be public is
 * refused, so that a range nobody thought of is no way in.
 */

import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Ranges that are not the public internet (IANA's special-purpose registries), as address and prefix. */
const closedV4: readonly [string, number][] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24],
  ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
]

/** Of IPv6 only 2000::/3 is handed out; these parts of it are special: Teredo, documentation, benchmarks, 6to4, drone identifiers … */
const closedV6: readonly [string, number][] = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3fff::', 20]]

const blocked = new BlockList()
for (const [address, prefix] of closedV4) blocked.addSubnet(address, prefix, 'ipv4')
for (const [address, prefix] of closedV6) blocked.addSubnet(address, prefix, 'ipv6')

const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address, as a resolver or a URL gives it, is on the public internet. */
export function isPublicAddress(address: string): boolean {
  // IPv4 inside IPv6 (mapped, compatible, NAT64) stands outside 2000::/3 and is refused with it.
  if (isIPv4(address)) return !blocked.check(address, 'ipv4')
  return isIPv6(address) && !address.includes('%') && unicast.check(address, 'ipv6') && !blocked.check(address, 'ipv6')
}

/** Why a URL may not be asked. */
export type UrlFault = 'not a URL' | 'not https' | 'credentials' | 'port' | 'address' | 'host'

/** What a URL may look like. */
export interface UrlRules {
  /** @default ['https:'] */
  protocols?: readonly string[]
  /** @default [443, 8443] */
  ports?: readonly number[] | 'any'
  /** Decides on addresses. @default isPublicAddress */
  isAllowed?: (address: string) => boolean
  /** Decides on names before they are looked up. @default names of the public internet */
  isHostAllowed?: (host: string) => boolean
}

/** A URL that may be asked once its host's addresses were looked at; or why not. */
export type JudgedUrl = { url: URL, address: string | undefined } | { fault: UrlFault }

const defaultPorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/**
 * Judges a URL of a tenant before any look-up. The URL parser has turned decimal, octal and hexadecimal hosts into dotted ones, and
 * full-width digits into plain ones.
 */
export function judgeUrl(text: string, { protocols = ['https:'], ports = [443, 8443], isAllowed = isPublicAddress, isHostAllowed = isPublicName }: UrlRules = {}): JudgedUrl {
  if (!URL.canParse(text)) return { fault: 'not a URL' }
  const url = new URL(text)
  if (!protocols.includes(url.protocol)) return { fault: 'not https' }
  if (url.username !== '' || url.password !== '') return { fault: 'credentials' }
  if (ports !== 'any' && !ports.includes(url.port === '' ? defaultPorts[url.protocol] ?? 0 : Number(url.port))) return { fault: 'port' }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIPv4(host) || isIPv6(host)) return isAllowed(host) ? { url, address: host } : { fault: 'address' }
  return isHostAllowed(host) ? { url, address: undefined } : { fault: 'host' }
}

/** Names that mean this machine or network wherever they are asked. */
const localNames = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|localdomain|home\.arpa|in-addr\.arpa|ip6\.arpa|test|invalid|onion)$/

function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '')
  return name.includes('.') && name.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(name) && !localNames.test(name)
}
