/** kill -9 of the process that carries a deployment out, in each step of it, with real containers: another one ends it, and nothing is doubled or left. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { AppendLogs, DeploymentJob, NewEvent } from '@neo-stack/events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerDriver } from '../src/drivers/docker.ts'
import { buildPlan, DeploymentService, entryOf, readCatalogueFile, stepKey, type CatalogueFile, type Outcome } from '../src/index.ts'
import { createJob, FakePlatform, type Connection } from './fake-platform.ts'
import { isRequired, missing, startDockerApi, thingsOf, TURN_MS, type DockerApi } from './podman.ts'
import { smallStack } from './stub-images.ts'

/** What a worker is told to run. */
export interface Run { job: DeploymentJob, attempt: number, file: CatalogueFile }
/** What a worker asks. */
interface Question { id: number, what: 'publish' | 'append' | 'get', argument: unknown }
/** What it is answered. */
export interface Answer { id: number, result?: unknown, code?: string }

const LIMIT_MS = 240_000
/** What the issue allows for another worker to continue or give up. */
const ENDED_MS = 45_000
const file: CatalogueFile = { stacks: { small: smallStack('Small', 'localhost/stub/web:1') } }
const jobOf = (over: Partial<DeploymentJob> = {}): DeploymentJob => createJob({ instanceType: 'small', instanceId: 'killed', name: 'Killed', ...over })
const catalogue = readCatalogueFile({}, file)
const plan = buildPlan(entryOf(catalogue, 'small'), jobOf())

if (missing.length > 0 && isRequired) throw new Error(`needs ${missing.join(', ')}`)

describe.skipIf(missing.length > 0)(`a deployment whose worker is killed${missing.length > 0 ? ` skipped: needs ${missing.join(', ')}` : ''}`, { timeout: LIMIT_MS }, () => {
  let api: DockerApi
  beforeAll(async () => { api = await startDockerApi() }, TURN_MS)
  afterAll(async () => { await api.stop() }, LIMIT_MS)

  /** Another worker: in this process, because nobody kills it. */
  const work = (platform: FakePlatform, job: DeploymentJob, attempt = 0): Promise<Outcome> => new DeploymentService({
    platform: platform.connect(), catalogue, driver: createDockerDriver({ docker: api.docker, secretsKey: Buffer.alloc(32, 7), catalogue, probeEveryMs: 100, stopSeconds: 0 }),
  }).run(job, { attempt })

  /** Runs a worker in a process of its own, which is killed when it asks what it must not get an answer to. */
  async function workAndDie(platform: FakePlatform, isLast: (question: Question) => boolean): Promise<boolean> {
    const connection = platform.connect()
    const child = fork(path.join(import.meta.dirname, 'kill-child.ts'), [api.socket, JSON.stringify({ job: jobOf(), attempt: 0, file } satisfies Run)])
    let wasKilled = false
    child.on('message', (question: Question) => {
      if (wasKilled) return
      wasKilled = isLast(question)
      if (wasKilled) child.kill('SIGKILL')
      else void answer(connection, question).then(said => child.connected && child.send(said))
    })
    await once(child, 'exit')
    return wasKilled
  }

  const isOf = ({ what, argument }: Question, id: string): boolean =>
    what === 'append' && (argument as AppendLogs).lines.some(line => typeof line !== 'string' && line.step === id && line.stream !== 'system')
  const isEventAfter = ({ what, argument }: Question, key: string): boolean =>
    what === 'publish' && !(argument as NewEvent).idempotencyKey?.includes(`:${key}:`)

  it.each(plan.map((step, index) => [stepKey(step), step.id, index] as const))('in the step %s is carried on to its end by another worker', async (key, id) => {
    const platform = new FakePlatform()
    platform.queue(jobOf())
    let isThere = false
    // In the middle of the step when it says something, else when it is done and nobody has heard of it.
    const wasKilled = await workAndDie(platform, question => {
      isThere ||= platform.events.at(-1)?.idempotencyKey === `d-1:${key}:begin`
      return isThere && (isOf(question, id) || isEventAfter(question, key))
    })
    expect(wasKilled).toBe(true)
    const startedAt = Date.now()
    expect(await work(platform, jobOf(), 1)).toMatchObject({ status: 'completed' })
    expect(Date.now() - startedAt).toBeLessThan(ENDED_MS)
    expect(platform.deployment).toMatchObject({ status: 'completed', progress: 100 })
    expect(platform.events.filter(({ type }) => type === 'deployment_complete')).toHaveLength(1)
    expect(platform.logs.map(({ n }) => n)).toEqual(platform.logs.map((_, index) => index + 1))
    expect((await fetch(`${platform.deployment?.instanceUrl ?? ''}/web/health`)).status).toBe(200)
    expect((await thingsOf(api.docker, 'killed')).toSorted()).toEqual([
      '/neo_acme_killed_database', '/neo_acme_killed_web', 'neo_acme_killed_data', 'neo_acme_killed_network', 'neo_acme_killed_secrets',
    ])
    const removal = new FakePlatform()
    const job = jobOf({ kind: 'delete', deploymentId: 'd-delete' })
    removal.queue(job)
    await work(removal, job)
    expect(await thingsOf(api.docker, 'killed')).toEqual([])
  })

  it('and again and again is given up with the reason, and nothing of it is left', async () => {
    const platform = new FakePlatform()
    platform.queue(jobOf())
    const inHealth = (question: Question): boolean => isOf(question, 'check_health') || (platform.deployment?.step === 'check_health' && question.what === 'publish')
    expect(await workAndDie(platform, inHealth)).toBe(true)
    expect(await thingsOf(api.docker, 'killed')).not.toEqual([])
    expect(await work(platform, jobOf(), 3)).toMatchObject({ status: 'failed', error: { messageKey: 'worker_lost' } })
    expect(await thingsOf(api.docker, 'killed')).toEqual([])
  })
})

async function answer(connection: Connection, { id, what, argument }: Question): Promise<Answer> {
  try {
    if (what === 'publish') return { id, result: await connection.publish(argument as NewEvent) }
    return { id, result: what === 'append' ? await connection.appendLogs('', '', argument as AppendLogs) : await connection.getDeployment('', '') }
  } catch (error) {
    return { id, code: (error as { code: string }).code }
  }
}
