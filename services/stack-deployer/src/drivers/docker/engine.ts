/** What the driver needs of a Docker API beyond single calls: lines as they come, commands with their exit code, things that may be gone. */

import { addAbortSignal, type Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { Redaction } from '@neo-stack/events'
import { createLineReader, type ContainerLine } from './lines.ts'

/** Whether an error of the Docker API has one of these HTTP statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof Error && 'statusCode' in error && statuses.includes(error.statusCode as number)
}

/** Awaits something that may be gone (404) or as wanted already (304, 409). */
export async function unlessGone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call
  } catch (error) {
    if (hasStatus(error, 304, 404, 409)) return undefined
    throw error
  }
}

/** Volumes with these labels. The types of the client know no filter by label. */
export async function listVolumes(docker: Docker, filters: { label: string[] }): Promise<Docker.VolumeInspectInfo[]> {
  return (await docker.listVolumes({ filters: filters as never })).Volumes
}

const INSPECT_ATTEMPTS = 10
const INSPECT_PAUSE_MS = 50

/**
 * A container as it is. Podman answers 500 ("no such process") when a container ends between two of its own readings; the next
 * answer is true.
 */
export async function inspect(container: Docker.Container): Promise<Docker.ContainerInspectInfo> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await container.inspect()
    } catch (error) {
      if (attempt === INSPECT_ATTEMPTS || !hasStatus(error, 500)) throw error
      await setTimeout(INSPECT_PAUSE_MS)
    }
  }
}

/** Starts a container unless it runs. */
export async function start(container: Docker.Container): Promise<void> {
  try {
    await container.start()
  } catch (error) {
    if (!hasStatus(error, 304)) throw error
  }
}

/** How output is read. */
export interface Reading {
  signal: AbortSignal
  /** Takes secrets out of it. */
  redaction?: Redaction
}

/** Lines of an output stream; the stream waits while nobody asks. Ends with the signal's reason. */
async function* readLines(stream: Readable, { signal, redaction }: Reading): AsyncGenerator<ContainerLine> {
  const reader = createLineReader(redaction)
  const abort = (): void => { stream.destroy() }
  signal.addEventListener('abort', abort)
  try {
    signal.throwIfAborted()
    for await (const bytes of stream) yield* reader.push(bytes as Uint8Array)
    yield* reader.end()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
  signal.throwIfAborted()
}

/** Runs a command in a running container; gives its lines, then its exit code. */
export async function* execute(container: Docker.Container, command: readonly string[], reading: Reading): AsyncGenerator<ContainerLine, number> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true })
  yield* readLines(await exec.start({ hijack: true, stdin: false }) as unknown as Readable, reading)
  return (await exec.inspect()).ExitCode ?? -1
}

/** Runs a command whose lines nobody wants. */
export async function exitCodeOf(container: Docker.Container, command: readonly string[], signal: AbortSignal): Promise<number> {
  const lines = execute(container, command, { signal })
  for (let next = await lines.next(); ; next = await lines.next()) if (next.done) return next.value
}

/**
 * A container's output from a moment on (seconds since the Unix epoch), followed while it runs. Podman answers only once there is
 * some.
 */
async function followLogs(container: Docker.Container, since: number, abortSignal: AbortSignal): Promise<Readable> {
  return await container.logs({ follow: true, stdout: true, stderr: true, since, abortSignal }) as unknown as Readable
}

/** Lines that arrive while something else is waited for: they are taken as they are asked for, at most so many are held. */
export interface Tail {
  take: () => ContainerLine[]
  /** Whether the output has ended. */
  isDone: () => boolean
  stop: () => void
}

const HELD_LINES = 2000

/** Follows a container's output in the background; a flood waits until somebody takes lines. */
export function startTail(container: Docker.Container, since: number, redaction: Redaction): Tail {
  const reader = createLineReader(redaction)
  const controller = new AbortController()
  let held: ContainerLine[] = []
  let stream: Readable | undefined
  const follow = async (): Promise<void> => {
    stream = await followLogs(container, since, controller.signal)
    for await (const bytes of stream) {
      held.push(...reader.push(bytes as Uint8Array))
      if (held.length >= HELD_LINES) await new Promise<void>(resolve => { wake = resolve })
    }
  }
  let wake = (): void => undefined
  // A stream that breaks only ends what is shown; whether the container runs is asked for by itself.
  let isDone = false
  follow().catch(() => undefined).finally(() => { isDone = true })
  return {
    isDone: () => isDone,
    take: () => {
      const lines = held
      held = []
      wake()
      return lines
    },
    stop: () => {
      controller.abort()
      stream?.destroy()
      wake()
    },
  }
}

/** The exit code of a container that has ended; undefined while it has not. */
export async function exitCode(container: Docker.Container): Promise<number | undefined> {
  const { State } = await inspect(container)
  return State.Running || State.Status === 'created' ? undefined : State.ExitCode
}

/** How long former events are waited for, in milliseconds. */
const EVENTS_MS = 10_000

/**
 * With which code a container ended the last time; undefined when the engine does not say. Its state forgets that when it begins to
 * start again.
 * @param asked.patienceMs the events stay open up to the later clock's time; after so long what has come by then is used. @default 10,000
 */
export async function formerExitCode(docker: Docker, { Id, Created, State: { StartedAt, FinishedAt } }: Docker.ContainerInspectInfo, { now, patienceMs = EVENTS_MS }: { now: number, patienceMs?: number }): Promise<number | undefined> {
  // Docker calls it die, podman's filter knows it as died. The engine's clock may be another one than ours.
  const until = Math.ceil(Math.max(now, Date.parse(StartedAt) || 0, Date.parse(FinishedAt) || 0) / 1000)
  const filters = { container: [Id], event: ['die', 'died'] }
  const signal = AbortSignal.timeout(patienceMs)
  let text = ''
  try {
    const events = await docker.getEvents({ since: Math.floor(Date.parse(Created) / 1000), until, filters, abortSignal: signal }) as unknown as Readable
    for await (const bytes of addAbortSignal(signal, events)) text += String(bytes)
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return [...text.matchAll(/"exitCode":"(\d+)"/g)].map(([, code]) => Number(code)).at(-1)
}
