/**
 * An instance's secrets: derived from the deployer's key and a salt that is kept with the instance (HKDF, RFC 5869), so that nothing
 * has to be stored and a deleted instance's secrets cannot be made again. Pure.
 */

import { hkdfSync, randomBytes } from 'node:crypto'
import type { Owner } from './names.ts'

const BYTES = 24

/** Gives an instance's secret by its name: 32 characters of base64url. */
export type Secrets = (name: string) => string

/** A new salt. */
export const newSalt = (): string => randomBytes(32).toString('base64url')

/** The secrets of one instance. @param key at least 32 bytes that only deployers have */
export function deriveSecrets(key: Uint8Array, salt: string, { tenantId, instanceId }: Owner): Secrets {
  return name => Buffer.from(hkdfSync('sha256', key, salt, `${tenantId}/${instanceId}/${name}`, BYTES)).toString('base64url')
}

/** Names of the secrets that a text asks for. */
export const secretsIn = (text: string): string[] => [...text.matchAll(/\{secret:(\w+)\}/g)].map(([, name = '']) => name)

/** Fills `{secret:name}` and then `{field}` in; what is unknown stays. */
export function fillPlaceholders(text: string, { secrets, config }: { secrets: Secrets, config: Readonly<Record<string, string | number>> }): string {
  return text.replaceAll(/\{(?:secret:(\w+)|(\w+))\}/g, (whole, secret: string | undefined, field: string | undefined) =>
    secret === undefined ? String(config[field ?? ''] ?? whole) : secrets(secret))
}
