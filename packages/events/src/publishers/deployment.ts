/** DeploymentPublisher (specification 1.1): the events of a deployment's life. */

import { formatChannel } from '../channel.ts'
import type { EventInput } from '../catalog.ts'
import type { InstanceType } from '../catalog/deployments.ts'
import { publishAndReturn, type Publish, type PublishedEvent } from './publish.ts'

type Input<Type extends 'deployment_start' | 'deployment_progress' | 'deployment_complete' | 'deployment_error'> = EventInput<Type>

/** What may be said besides the specification's arguments; `idempotencyKey` makes a retry safe. */
export type DeploymentDetail = Omit<Partial<Input<'deployment_progress'>>, 'deploymentId' | 'status' | 'progress'> & { idempotencyKey?: string }

const split = ({ idempotencyKey, ...data }: DeploymentDetail): { data: Omit<DeploymentDetail, 'idempotencyKey'>, key: { idempotencyKey?: string } } =>
  ({ data, key: idempotencyKey === undefined ? {} : { idempotencyKey } })

/** Publishes deployment events through a given function; each method returns the event. */
export class DeploymentPublisher {
  readonly #publish: Publish

  constructor(publish: Publish) {
    this.#publish = publish
  }

  /** Publishes `deployment_start`: status `starting`, progress 0. */
  publishStart(tenantId: string, deploymentId: string, instanceType: InstanceType, detail: DeploymentDetail = {}): Promise<PublishedEvent<Input<'deployment_start'>>> {
    const { data, key } = split(detail)
    return publishAndReturn(this.#publish, tenantId, {
      channel: formatChannel('deployments', { tenantId }),
      type: 'deployment_start',
      data: { currentStep: 'Iniciando deployment...', logs: [], ...data, deploymentId, instanceType, status: 'starting', progress: 0 },
      ...key,
    })
  }

  /**
   * Publishes `deployment_progress`.
   * @param progress percent, 0 to 100
   * @param detail a log line, or more fields of the event
   */
  // eslint-disable-next-line max-params -- the specification's signature
  publishProgress(tenantId: string, deploymentId: string, progress: number, currentStep: string, detail: string | DeploymentDetail = {}): Promise<PublishedEvent<Input<'deployment_progress'>>> {
    const { data, key } = split(typeof detail === 'string' ? { logs: [detail] } : detail)
    return publishAndReturn(this.#publish, tenantId, {
      channel: formatChannel('deployments', { tenantId }),
      type: 'deployment_progress',
      data: { ...data, deploymentId, progress, currentStep, status: 'in_progress' },
      ...key,
    })
  }

  /**
   * Publishes `deployment_complete`: status `completed`, progress 100.
   * @param instanceUrl where the instance is; `undefined` when it was removed
   */
  publishCompletion(tenantId: string, deploymentId: string, instanceUrl: string | undefined, detail: DeploymentDetail = {}): Promise<PublishedEvent<Input<'deployment_complete'>>> {
    const { data, key } = split(detail)
    return publishAndReturn(this.#publish, tenantId, {
      channel: formatChannel('deployments', { tenantId }),
      type: 'deployment_complete',
      data: {
        currentStep: 'Deployment concluído com sucesso!', ...instanceUrl !== undefined && { logs: [`Instância disponível em: ${instanceUrl}`], instanceUrl }, ...data,
        deploymentId, status: 'completed', progress: 100,
      },
      ...key,
    })
  }

  /** Publishes `deployment_error`: status `failed`, with the reason. */
  publishError(tenantId: string, deploymentId: string, error: string, detail: DeploymentDetail & { messageKey?: string } = {}): Promise<PublishedEvent<Input<'deployment_error'>>> {
    const { data, key } = split(detail)
    return publishAndReturn(this.#publish, tenantId, {
      channel: formatChannel('deployments', { tenantId }),
      type: 'deployment_error',
      data: { currentStep: 'Erro no deployment', logs: [error], ...data, deploymentId, error, status: 'failed' },
      ...key,
    })
  }
}
