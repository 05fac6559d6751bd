/** What the services of a running instance print, read where they run. */

import type { InstanceLog, Redaction } from '@neo-stack/events'
import type Docker from 'dockerode'
import type { CatalogueEntry, ServiceSpec } from '../../catalog/entry.ts'
import type { LogWish } from '../driver.ts'
import { unlessGone } from './engine.ts'
import { createLineReader } from './lines.ts'
import { containerName, type Owner } from './names.ts'

type Line = InstanceLog['lines'][number]

/** Where to read. */
export interface OutputSource {
  docker: Docker
  owner: Owner
  entry: CatalogueEntry
  redaction: Redaction
}

/** The last lines of an instance's containers, by the time they were printed; undefined when it has no container. */
export async function readOutput(source: OutputSource, { limit, service }: LogWish): Promise<InstanceLog | undefined> {
  const services = source.entry.services.map(({ name }) => name)
  const asked = source.entry.services.filter(({ name }) => service === undefined || name === service)
  const found = (await Promise.all(asked.map(one => readService(source, one, limit)))).filter(lines => lines !== undefined)
  if (found.length === 0 && asked.length > 0) return undefined
  return { services, lines: found.flat().sort((a, b) => a.time - b.time).slice(-limit) }
}

async function readService({ docker, owner, redaction }: OutputSource, { name }: ServiceSpec, tail: number): Promise<Line[] | undefined> {
  const container = docker.getContainer(containerName(owner, name))
  const bytes = await unlessGone(container.logs({ stdout: true, stderr: true, timestamps: true, tail, follow: false })) as Uint8Array | undefined
  if (!bytes) return undefined
  const reader = createLineReader(redaction)
  let time = 0
  return [...reader.push(bytes), ...reader.end()].map(({ stream, text }) => {
    const [, stamp = '', said = text] = /^(\d{4}-\d\d-\d\dT\S+) (.*)$/s.exec(text) ?? []
    // What is left of a line that was too long has no time of its own.
    time = Date.parse(stamp) || time
    return { service: name, stream, time, text: said }
  })
}
