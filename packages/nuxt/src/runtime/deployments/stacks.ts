/** The stacks a person may deploy and the fields each knows, as the deployer's catalogue says. */
import type { InstanceType } from '@neo-stack/events'

/** A field of a stack's configuration. */
export interface StackField {
  name: 'version' | 'modules' | 'adminUser'
  /** What the deployer takes when the field is left empty. */
  placeholder: string
  /** Accepted values as a whole. */
  pattern: RegExp
}

const adminUser: StackField = { name: 'adminUser', placeholder: 'admin', pattern: /^[\w.@+-]{1,64}$/ }

/** A stack: its proper name and its fields. */
export const stacks: Readonly<Record<InstanceType, { label: string, fields: readonly StackField[] }>> = {
  odoo: {
    label: 'Odoo',
    fields: [
      { name: 'version', placeholder: '17.0', pattern: /^\d{2}\.\d$/ },
      { name: 'modules', placeholder: 'base,web,crm,sale', pattern: /^[a-z0-9_]+(?:,[a-z0-9_]+){0,19}$/ },
      adminUser,
    ],
  },
  netbox: { label: 'NetBox', fields: [{ name: 'version', placeholder: '4.2.3', pattern: /^\d\.\d{1,2}\.\d{1,2}$/ }, adminUser] },
  wazuh: { label: 'Wazuh', fields: [{ name: 'version', placeholder: '4.12.0', pattern: /^4\.\d{1,2}\.\d{1,2}$/ }, adminUser] },
}

/** Failures the simulated driver can show. */
export const simulatedFailures = ['image_pull', 'port_in_use', 'unhealthy', 'disk_full'] as const

/** Name of a stack; what is unknown is shown as it is. */
export function toStackLabel(type: InstanceType | undefined): string {
  return type === undefined ? '' : stacks[type].label
}
