/** The stacks of the platform's own catalogue; the service says which ones there are here. Pure. */
import type { InstanceType, Stack } from '@neo-stack/events'

const adminUser: Stack['fields'][number] = { name: 'adminUser', default: 'admin', pattern: String.raw`^[\w.@+-]{1,64}$` }

/** Shown until the service has answered. */
export const ownStacks: readonly Stack[] = [
  {
    type: 'odoo',
    label: 'Odoo',
    fields: [
      { name: 'version', default: '17.0', pattern: String.raw`^\d{2}\.\d$` },
      { name: 'modules', default: 'base,web,crm,sale', pattern: '^[a-z0-9_]+(?:,[a-z0-9_]+){0,19}$' },
      adminUser,
    ],
  },
  { type: 'netbox', label: 'NetBox', fields: [{ name: 'version', default: '4.2.3', pattern: String.raw`^\d\.\d{1,2}\.\d{1,2}$` }, adminUser] },
  { type: 'wazuh', label: 'Wazuh', fields: [{ name: 'version', default: '4.12.0', pattern: String.raw`^4\.\d{1,2}\.\d{1,2}$` }, adminUser] },
]

/** Failures the simulated driver can show. */
export const simulatedFailures = ['image_pull', 'port_in_use', 'unhealthy', 'disk_full'] as const

/** Name of a stack; what is unknown is shown as it is. */
export function toStackLabel(type: InstanceType | undefined): string {
  return ownStacks.find(stack => stack.type === type)?.label ?? type ?? ''
}
