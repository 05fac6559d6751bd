/**
 * Names and labels of what belongs to an instance. Slugs have no underscore, so that joined by one no two instances share a name.
 * Pure.
 */

/** Which instance something belongs to. */
export interface Owner {
  tenantId: string
  instanceId: string
}

const LABEL = 'neo-stack'

/** Labels that things of an instance carry. */
export const labels = {
  tenant: `${LABEL}.tenant`,
  instance: `${LABEL}.instance`,
  deployment: `${LABEL}.deployment`,
  service: `${LABEL}.service`,
  /** Deployment before which a volume was copied. */
  backup: `${LABEL}.backup`,
  /** Volume that a copy is of. */
  volume: `${LABEL}.volume`,
  salt: `${LABEL}.salt`,
} as const

const join = ({ tenantId, instanceId }: Owner, ...rest: string[]): string => ['neo', tenantId, instanceId, ...rest].join('_')

/** Name of the instance's network. */
export const networkName = (owner: Owner): string => join(owner, 'network')
/** Name of a service's container. */
export const containerName = (owner: Owner, service: string): string => join(owner, service)
/** Name that a service's container has while another takes its place. */
export const formerName = (owner: Owner, service: string): string => join(owner, service, 'former')
/** Name of a container that runs one command. */
export const taskName = (owner: Owner, task: string): string => join(owner, 'task', task)
/** Name of a volume. */
export const volumeName = (owner: Owner, volume: string): string => join(owner, volume)
/** Name of a volume's copy. */
export const backupName = (owner: Owner, volume: string, deploymentId: string): string => join(owner, volume, 'backup', deploymentId)
/** Name of the volume whose label holds the salt of the instance's secrets. */
export const secretsName = (owner: Owner): string => join(owner, 'secrets')

/** Labels of an instance's things. */
export function ownerLabels({ tenantId, instanceId }: Owner, more: Partial<Record<keyof typeof labels, string>> = {}): Record<string, string> {
  const own = Object.entries(more).map(([name, value]) => [labels[name as keyof typeof labels], value])
  return { [labels.tenant]: tenantId, [labels.instance]: instanceId, ...Object.fromEntries(own) as Record<string, string> }
}

/** The filter that finds things by these labels, as the Docker API takes it. */
export function labelFilter(owner: Owner, more: Partial<Record<keyof typeof labels, string>> = {}): { label: string[] } {
  return { label: Object.entries(ownerLabels(owner, more)).map(([name, value]) => `${name}=${value}`) }
}
