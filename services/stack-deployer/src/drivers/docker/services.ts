/** Steps that bring services up and down. */

import type Docker from 'dockerode'
import type { ServiceSpec } from '../../catalog/entry.ts'
import { DeploymentFailure } from '../../failure.ts'
import type { StepOutput } from '../driver.ts'
import { toContainer, toTask } from './container.ts'
import { execute, exitCode, exitCodeOf, formerExitCode, hasStatus, inspect, start, startTail, unlessGone, type Tail } from './engine.ts'
import { putFiles } from './files.ts'
import { containerName, formerName, labels, taskName } from './names.ts'
import { fillPlaceholders } from './secrets.ts'
import { serviceOf, type StepRunner, type Work } from './scope.ts'
import { isSteady } from './steady.ts'

/** How long a service without a probe has to run until it counts as started, in milliseconds. */
const SETTLE_MS = 1000
/** Lines that are shown of a healthy service at most, and how long it has to be quiet, in milliseconds. */
const DRAINED_LINES = 100_000
const QUIET_MS = 100
/** Looks at an ended task's output until it counts as silent. */
const LATE_ROUNDS = 10

/** Makes and starts a service; one that is not the front is waited for until it is healthy. */
export const startService: StepRunner = async function* (work, step) {
  const service = serviceOf(work, step.params['service'])
  const isFront = service.name === work.entry.front
  const container = await ensureContainer(work, service, isFront)
  yield work.say(`Container ${containerName(work.owner, service.name)}  Created`)
  try {
    await start(container)
  } catch (error) {
    throw isPortTaken(error) ? new DeploymentFailure('port_in_use', { port: service.port }, { cause: error }) : error
  }
  yield work.say(`Container ${containerName(work.owner, service.name)}  Started`)
  if (!isFront) yield* untilHealthy(work, service)
}

/** Waits until the front is healthy. */
export const checkHealth: StepRunner = (work, step) => untilHealthy(work, serviceOf(work, step.params['service']))

/** Stops a service and puts its container aside: it comes back when the deployment fails. */
export const stopService: StepRunner = async function* (work, step) {
  const { docker, owner, deploymentId } = work
  const name = serviceOf(work, step.params['service']).name
  const container = docker.getContainer(containerName(owner, name))
  const found = await unlessGone(inspect(container))
  if (!found) return yield work.say(`Container ${containerName(owner, name)}  is not there`)
  if (found.Config.Labels[labels.deployment] === deploymentId) return yield work.say(`Container ${containerName(owner, name)}  is of this deployment`)
  yield work.say(`Container ${containerName(owner, name)}  Stopping`)
  await unlessGone(container.stop({ t: work.stopSeconds }))
  if (work.context.job.kind !== 'delete') {
    await removeByName(docker, formerName(owner, name))
    await container.rename({ name: formerName(owner, name) })
  }
  yield work.say(`Container ${containerName(owner, name)}  Stopped`)
}

/** Runs the command that the catalogue has for a step. */
export const runCommand: StepRunner = async function* (work, step) {
  const specs = work.entry.services.flatMap(({ before, after }) => [...before, ...after])
  const run = step.id === 'generate_certificates' ? work.entry.certificates : specs.find(({ id }) => id === step.id)?.run
  if (!run) throw new TypeError(`the stack ${work.entry.type} has no command for the step ${step.id}`)
  const service = serviceOf(work, run.service)
  yield work.say(`Running ${step.id} in ${service.name}`)
  const code = run.in === 'exec'
    ? yield* execIn(work, service, run.command)
    : yield* runTask(work, service, { id: step.id, command: run.command })
  if (code !== 0) throw new DeploymentFailure('command_failed', { step: step.id, code })
}

async function* execIn(work: Work, service: ServiceSpec, command: readonly string[]): AsyncGenerator<StepOutput, number> {
  const container = work.docker.getContainer(containerName(work.owner, service.name))
  const lines = execute(container, command.map(part => fillPlaceholders(part, work)), work)
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (next.done) return next.value
    yield work.say(next.value.text, next.value.stream)
  }
}

/** Runs a command in a container of its own, which is gone afterwards however it ends. */
export async function* runTask(work: Work, service: ServiceSpec, task: { id: string, command: readonly string[] }, adjust: (options: Docker.ContainerCreateOptions) => Docker.ContainerCreateOptions = options => options): AsyncGenerator<StepOutput, number> {
  const { docker, owner } = work
  await removeByName(docker, taskName(owner, task.id))
  const container = await docker.createContainer(adjust(toTask(service, work, task)))
  try {
    await putSecrets(work, service, container)
    await container.start()
    return yield* untilEnded(work, container)
  } finally {
    await unlessGone(container.remove({ force: true }))
  }
}

/** Shows a task's output until it has ended; gives its exit code. A task that prints nothing has no log to wait for. */
async function* untilEnded(work: Work, container: Docker.Container): AsyncGenerator<StepOutput, number> {
  const tail = startTail(container, 0, work.redaction)
  try {
    for (let rounds = 0; ;) {
      const code = await exitCode(container)
      if (code !== undefined) rounds++
      for (let lines = tail.take(); lines.length > 0; lines = tail.take()) {
        for (const { text, stream } of lines) yield work.say(text, stream)
        await work.sleep(QUIET_MS, work.signal)
      }
      // The output may come a moment after the end; of a silent task podman never says that there is none.
      if (code !== undefined && (tail.isDone() || rounds >= LATE_ROUNDS)) return code
      await work.sleep(QUIET_MS, work.signal)
    }
  } finally {
    tail.stop()
  }
}

/** The container of this deployment: kept when an interrupted run has made it, else made anew. */
async function ensureContainer(work: Work, service: ServiceSpec, isFront: boolean): Promise<Docker.Container> {
  const { docker, owner, deploymentId } = work
  const container = docker.getContainer(containerName(owner, service.name))
  const found = await unlessGone(inspect(container))
  if (found?.State.Running && found.Config.Labels[labels.deployment] === deploymentId) return container
  if (found) await unlessGone(container.remove({ force: true }))
  const made = await docker.createContainer(toContainer(service, work, isFront))
  await putSecrets(work, service, made)
  return made
}

async function putSecrets({ secrets }: Work, { container: { secrets: names } }: ServiceSpec, container: Docker.Container): Promise<void> {
  if (names.length > 0) await putFiles(container, '/run/secrets', Object.fromEntries(names.map(name => [name, secrets(name)])))
}

/** Shows a service's output until its probe succeeds. @throws {DeploymentFailure} `service_exited`, `service_unhealthy` */
export async function* untilHealthy(work: Work, service: ServiceSpec): AsyncGenerator<StepOutput> {
  const { docker, owner, signal, sleep, now, probeEveryMs } = work
  const container = docker.getContainer(containerName(owner, service.name))
  const startedAt = now()
  const limitMs = service.container.probe ? service.container.probe.seconds * 1000 : SETTLE_MS
  const tail = startTail(container, await shownSince(work, container), work.redaction)
  try {
    for (;;) {
      yield* said(work, service, tail)
      signal.throwIfAborted()
      const isHealthy = await look(work, service, container)
      const waited = now() - startedAt
      if (isHealthy && (service.container.probe || waited >= limitMs)) break
      if (waited > limitMs && service.container.probe) throw new DeploymentFailure('service_unhealthy', { service: service.name, seconds: service.container.probe.seconds })
      yield { progress: Math.min(1, waited / limitMs) }
      await sleep(Math.min(probeEveryMs, limitMs), signal)
    }
    yield* drain(work, service, tail)
    yield work.say(`health: ${service.name} is healthy after ${((now() - startedAt) / 1000).toFixed(1)} s`)
  } finally {
    tail.stop()
  }
}

/** What a service has printed until it was healthy; one that goes on printing is cut, and the cut is a line. */
async function* drain(work: Work, service: ServiceSpec, tail: Tail): AsyncGenerator<StepOutput> {
  for (let shown = 0; shown < DRAINED_LINES;) {
    const lines = said(work, service, tail)
    yield* lines
    if (lines.length === 0) return
    shown += lines.length
    await work.sleep(QUIET_MS, work.signal)
  }
  yield work.say(`${service.name} | … goes on printing; what follows is not part of the deployment's log`)
}

/** A run that continues does not show again what the one before it has shown. */
async function shownSince({ context, now }: Work, container: Docker.Container): Promise<number> {
  if (context.resumed) return Math.floor(now() / 1000)
  const { State } = await inspect(container)
  return Math.floor((Date.parse(State.StartedAt) || now()) / 1000)
}

function said(work: Work, { name }: ServiceSpec, tail: Tail): StepOutput[] {
  return tail.take().map(({ text, stream }) => work.say(`${name} | ${text}`, stream))
}

/** Whether a service runs and its probe succeeds. @throws {DeploymentFailure} `service_exited` */
async function look({ docker, signal, now }: Work, { name, container: { probe } }: ServiceSpec, container: Docker.Container): Promise<boolean> {
  const found = await inspect(container)
  if (!isSteady(found)) {
    const { ExitCode } = found.State
    throw new DeploymentFailure('service_exited', { service: name, code: ExitCode === 0 ? await formerExitCode(docker, found, { now: now() }).catch(() => undefined) ?? 0 : ExitCode })
  }
  try {
    return probe === undefined || await exitCodeOf(container, probe.command, signal) === 0
  } catch (error) {
    signal.throwIfAborted()
    // A container that ended in this moment takes no command, and podman forgets one that ran in it (404); the next look says so.
    if (hasStatus(error, 404, 409, 500)) return false
    throw error
  }
}

/** Removes a container by its name, running or not. */
async function removeByName(docker: Docker, name: string): Promise<void> {
  await unlessGone(docker.getContainer(name).remove({ force: true }))
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && /port is already allocated|address already in use/i.test(error.message)
}
