/**
 * Names and labels of what belongs to an instance. Slugs have no underscore, so that joined by one no two instances share a name.
 * Pure.
 */

/** Which instance something belongs to. */
export interface Owner {
  tenantId: string
  instanceId: string
}

/** What a label says; `backup` is the deployment before which a volume was copied, `volume` the one that a copy is of. */
type LabelName = 'tenant' | 'instance' | 'deployment' | 'service' | 'backup' | 'volume' | 'salt' | 'complete'

const toLabel = (name: LabelName): string => `neo-stack.${name}`

/** Labels that things of an instance carry. */
export const labels: Readonly<Record<LabelName, string>> = {
  tenant: toLabel('tenant'), instance: toLabel('instance'), deployment: toLabel('deployment'), service: toLabel('service'),
  backup: toLabel('backup'), volume: toLabel('volume'), salt: toLabel('salt'), complete: toLabel('complete'),
}

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
/** Name of the empty volume that says that a copy has all volumes in it. */
export const completeName = (owner: Owner, deploymentId: string): string => join(owner, 'complete', 'backup', 'of', deploymentId)
/** Name of the volume whose label holds the salt of the instance's secrets. */
export const secretsName = (owner: Owner): string => join(owner, 'secrets')

/** Labels of an instance's things. */
export function ownerLabels({ tenantId, instanceId }: Owner, more: Partial<Record<LabelName, string>> = {}): Record<string, string> {
  const own = Object.entries(more).map(([name, value]) => [labels[name as LabelName], value])
  return { [labels.tenant]: tenantId, [labels.instance]: instanceId, ...Object.fromEntries(own) as Record<string, string> }
}

/** The filter that finds things by these labels, as the Docker API takes it. */
export function labelFilter(owner: Owner, more: Partial<Record<LabelName, string>> = {}): { label: string[] } {
  return { label: Object.entries(ownerLabels(owner, more)).map(([name, value]) => `${name}=${value}`) }
}
