/** The container of a service, as the Docker API's `POST /containers/create` takes it. Pure. */

import type { ContainerCreateOptions } from 'dockerode'
import type { ServiceSpec } from '../../catalog/entry.ts'
import { renderSentence, type MessageParams } from '../../steps.ts'
import { containerName, networkName, ownerLabels, taskName, volumeName, type Owner } from './names.ts'
import { fillPlaceholders, type Secrets } from './secrets.ts'

const SECOND = 1e9
const MIB = 1_048_576

/** What a container is made for. */
export interface ContainerScope {
  owner: Owner
  deploymentId: string
  config: MessageParams
  secrets: Secrets
  /** Address of the host that a published port listens on. */
  bindAddress: string
}

/** The image of a service with the configuration filled in. */
const imageOf = ({ image }: ServiceSpec, config: MessageParams): string => renderSentence(image, config)

/** A service's own container. @param isFront whether its port is published, on a free port of the host */
export function toContainer(service: ServiceSpec, scope: ContainerScope, isFront: boolean): ContainerCreateOptions {
  const { container, port, name } = service
  const tcp = `${port}/tcp`
  const base = toBase(service, scope)
  const { probe } = container
  return {
    ...base,
    name: containerName(scope.owner, name),
    ...container.command && { Cmd: container.command.map(part => fillPlaceholders(part, scope)) },
    ...port > 0 && { ExposedPorts: { [tcp]: {} } },
    ...probe && { Healthcheck: { Test: ['CMD', ...probe.command], Interval: 10 * SECOND, Timeout: 5 * SECOND, StartPeriod: probe.seconds * SECOND, Retries: 6 } },
    HostConfig: {
      ...base.HostConfig,
      RestartPolicy: { Name: 'unless-stopped' },
      ...isFront && { PortBindings: { [tcp]: [{ HostIp: scope.bindAddress, HostPort: '' }] } },
    },
    NetworkingConfig: { EndpointsConfig: { [networkName(scope.owner)]: { Aliases: [name] } } },
  }
}

/** A container of a service's image that runs one command and ends. */
export function toTask(service: ServiceSpec, scope: ContainerScope, task: { id: string, command: readonly string[] }): ContainerCreateOptions {
  return { ...toBase(service, scope), name: taskName(scope.owner, task.id), Cmd: task.command.map(part => fillPlaceholders(part, scope)) }
}

function toBase(service: ServiceSpec, scope: ContainerScope): ContainerCreateOptions {
  const { container } = service
  return {
    Image: imageOf(service, scope.config),
    Env: Object.entries(container.environment).map(([name, value]) => `${name}=${fillPlaceholders(value, scope)}`),
    Labels: ownerLabels(scope.owner, { deployment: scope.deploymentId, service: service.name }),
    HostConfig: {
      NetworkMode: networkName(scope.owner),
      Mounts: Object.entries(container.mounts).map(([volume, Target]) => ({ Type: 'volume', Source: volumeName(scope.owner, volume), Target })),
      Memory: container.memoryMiB * MIB,
      NanoCpus: container.cpus * SECOND,
      SecurityOpt: ['no-new-privileges'],
    },
  }
}
