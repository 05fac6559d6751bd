/** What a container may use: compose sets it, and an alert looks whether a process comes near. */

import type { Role } from './topology.ts'

/** Memory by part, as Docker writes it. */
export const MEMORY_LIMITS: Readonly<Record<Role, string>> = {
  'postgres': '2g', 'redis': '512m', 'event-service': '1g', 'centrifugo': '1g', 'stack-deployer': '512m', 'gateway': '256m',
}

const UNITS = { m: 2 ** 20, g: 2 ** 30 } as const

/** `512m` in bytes. */
export const toBytes = (limit: string): number => Number.parseInt(limit) * UNITS[limit.endsWith('g') ? 'g' : 'm']
