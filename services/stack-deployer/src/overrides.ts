/** An operator's own images for the catalogue's services, as a JSON file gives them. Pure. */

import { instanceTypeSchema, type InstanceType } from '@neo-stack/events'
import * as z from 'zod'
import type { CatalogueEntry } from './catalog/entry.ts'

/** The file: an image per service of a stack, `{"odoo": {"postgres": "registry.example/postgres:16.9"}}`. */
export type ImageOverrides = Partial<Record<InstanceType, Record<string, string>>>

const image = z.string().regex(/^[\w.:/@{}-]{1,255}$/, 'must be an image like registry.example/name:tag')
const schema = z.partialRecord(instanceTypeSchema, z.record(z.string(), image))

type Catalogue = Readonly<Record<InstanceType, CatalogueEntry>>

/**
 * The catalogue with an operator's images; `{version}` and other fields of the configuration are filled in as in the catalogue's own.
 * @throws {TypeError} with one sentence that names what is wrong
 */
export function overrideImages(catalogue: Catalogue, given: unknown): Record<InstanceType, CatalogueEntry> {
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new TypeError(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`)
  }
  const entries = Object.entries(catalogue).map(([type, entry]) => [type, withImages(entry, parsed.data[type as InstanceType] ?? {})])
  return Object.fromEntries(entries) as Record<InstanceType, CatalogueEntry>
}

function withImages(entry: CatalogueEntry, images: Readonly<Record<string, string>>): CatalogueEntry {
  const unknown = Object.keys(images).find(name => !entry.services.some(service => service.name === name))
  if (unknown !== undefined) {
    throw new TypeError(`${entry.type}.${unknown}: the stack has no such service; it has ${entry.services.map(({ name }) => name).join(', ')}`)
  }
  return { ...entry, services: entry.services.map(service => ({ ...service, image: images[service.name] ?? service.image })) }
}
