/** What the services of a running instance print, read where they run. */

import type { Readable } from 'node:stream'
import type { InstanceLog, InstanceLogWish, Redaction } from '@neo-stack/events'
import type Docker from 'dockerode'
import type { CatalogueEntry, ServiceSpec } from '../../catalog/entry.ts'
import { unlessGone } from './engine.ts'
import { hideKeys, KEY_LINES } from './keys.ts'
import { createLineReader } from './lines.ts'
import { containerName, type Owner } from './names.ts'

type Line = InstanceLog['lines'][number]

/** Bytes of one service at most: a line may be as long as a container likes. */
const BUDGET = 1024 * 1024
/** By how much fewer lines are asked for when they were too many bytes. */
const FEWER = 8

/** Where to read. */
export interface OutputSource {
  docker: Docker
  owner: Owner
  entry: CatalogueEntry
  redaction: Redaction
  /** Ends the reading. */
  signal: AbortSignal
}

/** The last lines of an instance's containers, by the time they were printed; undefined when it has no container. @throws the signal's reason */
export async function readOutput(source: OutputSource, { limit, service }: InstanceLogWish): Promise<InstanceLog | undefined> {
  const services = source.entry.services.map(({ name }) => name)
  const asked = source.entry.services.filter(({ name }) => service === undefined || name === service)
  const found = (await Promise.all(asked.map(one => readService(source, one, limit)))).filter(lines => lines !== undefined)
  if (found.length === 0 && asked.length > 0) return undefined
  return { services, lines: found.flat().sort((a, b) => a.time - b.time).slice(-limit) }
}

/** The newest lines that the budget has room for; where not even the last one fits, what of it does. */
async function readService(source: OutputSource, { name }: ServiceSpec, limit: number): Promise<Line[] | undefined> {
  for (let tail = limit + KEY_LINES; ; tail = Math.ceil(tail / FEWER)) {
    const read = await readTail(source, name, tail)
    if (!read) return undefined
    if (read.isWhole || tail === 1) return toLines(source, name, read)
  }
}

interface Read {
  bytes: Uint8Array
  /** Whether the budget had room for all. */
  isWhole: boolean
}

async function readTail({ docker, owner, signal }: OutputSource, service: string, tail: number): Promise<Read | undefined> {
  const stream = await unlessGone(openTail(docker, containerName(owner, service), { tail, signal }))
  if (!stream) return undefined
  const abort = (): void => { stream.destroy() }
  signal.addEventListener('abort', abort)
  const chunks: Uint8Array[] = []
  try {
    signal.throwIfAborted()
    let size = 0
    for await (const bytes of stream as AsyncIterable<Uint8Array>) {
      chunks.push(bytes)
      size += bytes.length
      if (size > BUDGET) return { bytes: Buffer.concat(chunks).subarray(0, BUDGET), isWhole: false }
    }
    signal.throwIfAborted()
    return { bytes: Buffer.concat(chunks), isWhole: true }
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
}

/** The client gathers a log that is not followed in memory, however long it is; its own connection gives it as it comes. */
function openTail(docker: Docker, container: string, { tail, signal }: { tail: number, signal: AbortSignal }): Promise<Readable> {
  const modem = docker.modem as { dial: (call: object, done: (error: unknown, stream: Readable) => void) => void }
  return new Promise((resolve, reject) => {
    modem.dial({
      path: `/containers/${container}/logs?`, method: 'GET', options: { stdout: true, stderr: true, timestamps: true, tail, follow: false }, isStream: true,
      abortSignal: signal, statusCodes: { 200: true, 404: 'no such container' },
    }, (error, stream) => {
      if (error instanceof Error) reject(error)
      else resolve(stream)
    })
  })
}

function toLines({ redaction }: OutputSource, service: string, { bytes, isWhole }: Read): Line[] {
  const reader = createLineReader(redaction, { isStamped: true })
  // Of a line that was cut off the end is not shown: a secret may have begun there.
  const lines = [...reader.push(bytes), ...isWhole ? reader.end() : []]
  let last = 0
  return hideKeys(lines, redaction).map(({ stream, text, time = last }) => ({ service, stream, time: last = time, text }))
}
