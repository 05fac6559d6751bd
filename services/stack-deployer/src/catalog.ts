/** The stacks that can be deployed, by type. */

import type { InstanceType } from '@neo-stack/events'
import type { CatalogueEntry } from './catalog/entry.ts'
import { netbox } from './catalog/netbox.ts'
import { odoo } from './catalog/odoo.ts'
import { wazuh } from './catalog/wazuh.ts'

/** Entry per instance type. */
export const catalogue: Readonly<Record<InstanceType, CatalogueEntry>> = { odoo, netbox, wazuh }
