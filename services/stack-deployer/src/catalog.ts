/** The stacks that can be deployed, by type. */

import type { Stack } from '@neo-stack/events'
import type { Catalogue, CatalogueEntry } from './catalog/entry.ts'
import { netbox } from './catalog/netbox.ts'
import { odoo } from './catalog/odoo.ts'
import { wazuh } from './catalog/wazuh.ts'
import { DeploymentFailure } from './failure.ts'

/** This package's own entries. */
export const catalogue: Readonly<Record<'odoo' | 'netbox' | 'wazuh', CatalogueEntry>> = { odoo, netbox, wazuh }

/** The entry of a stack. @throws DeploymentFailure `unknown_stack`: an operator may have taken it out of the catalogue */
export function entryOf(entries: Catalogue, type: string): CatalogueEntry {
  const entry = Object.hasOwn(entries, type) ? entries[type] : undefined
  if (!entry) throw new DeploymentFailure('unknown_stack', { stack: type })
  return entry
}

/** What a person has to know to choose among the stacks. */
export function toStacks(entries: Catalogue): Stack[] {
  return Object.values(entries).map(({ type, label, config }) => ({
    type, label, fields: Object.entries(config).map(([name, field]) => ({ name, default: field.default, pattern: field.pattern.source })),
  }))
}
