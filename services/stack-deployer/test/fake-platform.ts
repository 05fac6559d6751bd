/** The platform's side in memory: deployments, logs and events with the rules that the deployer relies on. */

import {
  DeploymentPublisher, parseChannel, parseEvent, type AppendLogs, type Deployment, type DeploymentJob, type LogLine, type NewEvent, type Published,
} from '@neo-stack/events'
import type { DeploymentPlatform } from '../src/platform.ts'

/** An error as the API's problems are. */
export class Problem extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** A connection to the platform that can be cut: afterwards nothing arrives and nothing answers, as after kill -9. */
export interface Connection extends DeploymentPlatform {
  /** What the publisher calls: for one that is in another process. */
  publish(event: NewEvent): Promise<Published>
  cut(): void
}

const FINAL = new Set(['completed', 'failed', 'cancelled'])

export class FakePlatform {
  readonly events: NewEvent[] = []
  readonly logs: LogLine[] = []
  readonly progress: number[] = []
  /** Called before each stored event or batch; may throw to refuse it. */
  onCall: (what: string) => void = () => undefined
  /** Called after each stored event or batch, before the answer; may throw to lose the answer. */
  afterCall: (what: string) => void = () => undefined
  deployment: Deployment | undefined
  appends = 0
  readonly #keys = new Map<string, { body: string, answer: Published }>()
  readonly #listeners = new Set<() => void>()

  /** Puts the row that a command would have made. */
  queue(job: DeploymentJob): void {
    const time = new Date(0).toISOString()
    this.deployment = {
      deploymentId: job.deploymentId, instanceId: job.instanceId, kind: job.kind, status: 'queued', progress: 0, logLines: 0, createdAt: time, updatedAt: time,
    }
  }

  /** What the cancel command does. */
  cancel(): void {
    if (this.deployment && !FINAL.has(this.deployment.status)) this.deployment = { ...this.deployment, status: 'cancelled' }
    for (const listener of this.#listeners) listener()
  }

  connect({ hearsCancel = true } = {}): Connection {
    let isCut = false
    const guard = async <Result>(what: string, call: () => Result): Promise<Result> => {
      await Promise.resolve()
      if (isCut) return new Promise<never>(() => undefined)
      this.onCall(what)
      const result = call()
      this.afterCall(what)
      if (isCut) return new Promise<never>(() => undefined)
      return result
    }
    const publish = (event: NewEvent): Promise<Published> => guard(event.type, () => this.#publish(event))
    return {
      cut: () => { isCut = true },
      publish,
      publisher: new DeploymentPublisher(publish),
      appendLogs: (_tenant, _deployment, lines) => guard('append', () => this.#append(lines)),
      getDeployment: () => guard('get', () => this.deployment),
      ...(hearsCancel ? {
        cancellations: {
          subscribe: (_deploymentId: string, handler: () => void) => {
            this.#listeners.add(handler)
            return () => this.#listeners.delete(handler)
          },
        },
      } : {}),
    }
  }

  get listeners(): number {
    return this.#listeners.size
  }

  #publish(event: NewEvent): Published {
    const channel = parseChannel(event.channel)
    const parsed = channel && parseEvent(channel, event.type, event.data)
    if (!parsed?.ok) throw new Problem('invalid_request')
    const body = JSON.stringify([event.channel, event.type, event.data])
    const known = event.idempotencyKey === undefined ? undefined : this.#keys.get(event.idempotencyKey)
    if (known) {
      if (known.body !== body) throw new Problem('idempotency_conflict')
      return known.answer
    }
    if (this.deployment && FINAL.has(this.deployment.status)) throw new Problem('deployment_finished')
    this.events.push(event)
    this.#project(event)
    const answer = { id: crypto.randomUUID(), seq: this.events.length, time: new Date().toISOString() } as Published
    if (event.idempotencyKey !== undefined) this.#keys.set(event.idempotencyKey, { body, answer })
    return answer
  }

  #project(event: NewEvent): void {
    const { logs = [], ...patch } = event.data as { logs?: string[] } & Partial<Deployment>
    for (const text of logs) this.logs.push({ n: this.logs.length + 1, time: new Date().toISOString(), stream: 'system', text })
    if (patch.progress !== undefined) this.progress.push(patch.progress)
    this.deployment = { ...this.deployment, ...patch, logLines: this.logs.length } as Deployment
  }

  #append({ lines, from = this.logs.length + 1 }: AppendLogs): { last: number } {
    if (this.deployment && FINAL.has(this.deployment.status)) throw new Problem('deployment_finished')
    if (from > this.logs.length + 1) throw new Problem('log_gap')
    this.appends++
    for (const line of lines.slice(this.logs.length + 1 - from)) {
      const given = typeof line === 'string' ? { stream: 'stdout' as const, text: line } : line
      this.logs.push({ time: new Date().toISOString(), ...given, n: this.logs.length + 1 } as LogLine)
    }
    if (this.deployment) this.deployment = { ...this.deployment, logLines: this.logs.length }
    return { last: this.logs.length }
  }
}

/** A job, for one test. */
export function createJob(over: Partial<DeploymentJob> = {}): DeploymentJob {
  return { tenantId: 'acme', deploymentId: 'd-1', instanceId: 'erp', instanceType: 'odoo', name: 'ERP', kind: 'create', config: {}, ...over }
}
