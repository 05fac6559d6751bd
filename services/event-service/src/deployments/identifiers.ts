/** Identifiers of instances, deployments and their jobs. Pure. */

import { createHash } from 'node:crypto'

const SLUG_LENGTH = 63
const SUFFIX_LENGTH = 4

/** Makes a slug of a person's words; empty when nothing of them can stand in one. */
export function toSlug(words: string): string {
  const plain = words.normalize('NFKD').replace(/\p{Mark}/gu, '').toLowerCase()
  return cut(plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+/, ''), SLUG_LENGTH)
}

/** Adds a suffix to a slug that is taken. */
export function withSuffix(slug: string, random: Uint8Array): string {
  return `${cut(slug, SLUG_LENGTH - SUFFIX_LENGTH - 1)}-${toBase36(random, SUFFIX_LENGTH)}`
}

/** `{type}-{milliseconds}{random}`, in base 36: sorts by time within a type. */
export function toDeploymentId(type: string, now: number, random: Uint8Array): string {
  return `${type}-${now.toString(36).padStart(9, '0')}${toBase36(random, SUFFIX_LENGTH)}`
}

/** The job of a deployment: one deployment has one, so its identifier follows from the deployment's. */
export function toJobId(tenantId: string, deploymentId: string): string {
  const bytes = createHash('sha256').update(`${tenantId}/${deploymentId}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function toBase36(random: Uint8Array, length: number): string {
  return Array.from({ length }, (_, index) => ((random[index] ?? 0) % 36).toString(36)).join('')
}

function cut(slug: string, length: number): string {
  return slug.slice(0, length).replace(/-+$/, '')
}
