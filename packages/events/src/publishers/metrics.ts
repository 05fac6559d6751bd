/** MetricsPublisher (specification 3.1): samples and alerts. */

import type { EventInput } from '../catalog.ts'
import type { Fleet, Metrics, Severity } from '../catalog/metrics.ts'
import { formatChannel, PLATFORM_TENANT } from '../channel.ts'
import { publishAndReturn, type Publish, type PublishedEvent } from './publish.ts'

/** A sample, with the whole second it belongs to; the service's second when missing. */
export type Sample = Metrics & { at?: number, simulated?: boolean, fleet?: Fleet }

/** Publishes metrics through a given function; each method returns the event. */
export class MetricsPublisher {
  readonly #publish: Publish

  constructor(publish: Publish) {
    this.#publish = publish
  }

  /** Publishes a sample of the host on `admin:metrics`. */
  publishSystemMetrics(data: Sample): Promise<PublishedEvent<Sample>> {
    return publishAndReturn(this.#publish, PLATFORM_TENANT, { channel: formatChannel('admin-metrics'), type: 'metrics_update', data })
  }

  /** Publishes a sample of a tenant. */
  publishTenantMetrics(tenantId: string, data: Sample): Promise<PublishedEvent<Sample>> {
    return publishAndReturn(this.#publish, tenantId, { channel: formatChannel('metrics', { tenantId }), type: 'metrics_update', data })
  }

  /** Publishes an alert to a tenant, or to the operators when `tenantId` is null. */
  publishAlert(tenantId: string | null, message: string, severity: Severity): Promise<PublishedEvent<EventInput<'alert'>>> {
    const channel = tenantId === null ? formatChannel('admin-alerts') : formatChannel('alerts', { tenantId })
    return publishAndReturn(this.#publish, tenantId ?? PLATFORM_TENANT, { channel, type: 'alert', data: { message, severity } })
  }
}
