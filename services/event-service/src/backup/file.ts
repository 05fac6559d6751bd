/**
 * A backup as a file: gzip over lines of JSON. The first line says what it is, each table comes with its rows and a sum over them, and
 * the last line is a hash over all others: a file without it was cut off.
 */

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { constants, createGunzip, createGzip } from 'node:zlib'
import * as z from 'zod'
import type { KeySetJson } from '../auth/keys.ts'

/** Nothing was changed; the message is one sentence for a person. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

/** What a backup says of itself. It holds secrets: the file is its owner's alone. */
export interface BackupHeader {
  /** ISO time. */
  madeAt: string
  logEpoch: string
  /** Migrations of the database it was made of. */
  migrations: string[]
  /** Keys that sign tokens, and the secret that others are sealed with. */
  keys: KeySetJson
  /** JSON files of the data folder by name. */
  files: Record<string, unknown>
}

/** A line of the file. `rows` is a JSON array as text: numbers keep every digit. */
export type BackupPart =
  | { kind: 'header', header: BackupHeader }
  | { kind: 'table', name: string, columns: string[] }
  | { kind: 'rows', rows: string }
  | { kind: 'end', name: string, rows: number, sum: string }

const FORMAT = 'neo-stack-events'
const VERSION = 1

const headerSchema = z.object({
  madeAt: z.string(), logEpoch: z.string(), migrations: z.array(z.string()), files: z.record(z.string(), z.unknown()),
  keys: z.object({ secret: z.string(), keys: z.array(z.record(z.string(), z.unknown())) }).loose(),
})
const lineSchema = z.union([
  z.object({ table: z.string(), columns: z.array(z.string()) }),
  z.object({ end: z.string(), rows: z.int(), sum: z.string() }),
  z.object({ sha256: z.string() }),
])

const ROWS_START = '{"rows":'

/** The first line of a file. */
export const toHeaderLine = (header: BackupHeader): string => toLine({ backup: FORMAT, version: VERSION, ...header })

/** A line before rows, or after them. */
export const toLine = (value: object): string => `${JSON.stringify(value)}\n`

/** A line of rows, each given as JSON. */
export const toRowsLine = (rows: readonly string[]): string => `${ROWS_START}[${rows.join(',')}]}\n`

/** Writes a file that is whole or not there, readable by its owner alone. @throws {BackupError} when there is one of that name */
export async function writeBackupFile(file: string, lines: AsyncIterable<string>): Promise<void> {
  if (existsSync(file)) throw new BackupError(`${file} exists already: give another name, nothing is overwritten.`)
  const part = `${file}.part`
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<string> {
    for await (const line of lines) {
      hash.update(line)
      yield line
    }
    yield toLine({ sha256: hash.digest('hex') })
  }
  await rm(part, { force: true })
  try {
    await pipeline(Readable.from(hashed()), createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }))
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** Reads a file part by part; that it is whole is known at its end. @throws {BackupError} for one that is not ours, of another version, cut off or damaged */
export async function* readBackupFile(file: string): AsyncGenerator<BackupPart> {
  const hash = createHash('sha256')
  let isFirst = true
  let isWhole = false
  for await (const line of readLines(file)) {
    if (isWhole) throw damaged(file)
    if (isFirst) yield { kind: 'header', header: parseHeader(file, line) }
    else if (line.startsWith(ROWS_START)) yield { kind: 'rows', rows: line.slice(ROWS_START.length, -1) }
    else {
      const part = parseLine(file, line)
      if ('sha256' in part) isWhole = part.sha256 === hash.copy().digest('hex')
      if ('sha256' in part && !isWhole) throw damaged(file)
      if ('table' in part) yield { kind: 'table', name: part.table, columns: part.columns }
      if ('end' in part) yield { kind: 'end', name: part.end, rows: part.rows, sum: part.sum }
    }
    isFirst = false
    hash.update(`${line}\n`)
  }
  if (!isWhole) throw cutOff(file)
}

/** Reads all of a file. @returns what it says of itself @throws {BackupError} */
export async function checkBackupFile(file: string): Promise<BackupHeader> {
  let header: BackupHeader | undefined
  for await (const part of readBackupFile(file)) if (part.kind === 'header') ({ header } = part)
  if (!header) throw cutOff(file)
  return header
}

const damaged = (file: string, cause?: unknown): BackupError => new BackupError(`${file} is damaged: what it holds is not what was written; take another backup.`, { cause })
const cutOff = (file: string, cause?: unknown): BackupError => new BackupError(`${file} is cut off: its end is missing; copy it again, or take another backup.`, { cause })
const foreign = (file: string, cause?: unknown): BackupError => new BackupError(`${file} is no backup of this platform.`, { cause })

function parseHeader(file: string, line: string): BackupHeader {
  const value = parseJson(line)
  if (typeof value !== 'object' || value === null || !('backup' in value) || value.backup !== FORMAT) throw foreign(file)
  const version = 'version' in value ? value.version : undefined
  if (version !== VERSION) throw new BackupError(`${file} has version ${String(version)} of the format, this build reads version ${VERSION}: use the build that made it.`)
  const parsed = headerSchema.safeParse(value)
  if (!parsed.success) throw damaged(file, parsed.error)
  return parsed.data
}

function parseLine(file: string, line: string): z.output<typeof lineSchema> {
  const parsed = lineSchema.safeParse(parseJson(line))
  if (!parsed.success) throw damaged(file, parsed.error)
  return parsed.data
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function* readLines(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  const gunzip = createGunzip({ chunkSize: 262_144 })
  source.on('error', error => { gunzip.destroy(error) })
  source.pipe(gunzip)
  const decoder = new StringDecoder('utf8')
  let pending: string[] = []
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      const [first = '', ...others] = decoder.write(chunk).split('\n')
      pending.push(first)
      for (const piece of others) {
        yield pending.join('')
        pending = [piece]
      }
    }
  } catch (error) {
    throw explain(file, error)
  } finally {
    source.destroy()
  }
  if (pending.join('') !== '') throw cutOff(file)
}

function explain(file: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return new BackupError(`There is no file ${file}.`)
  if (code === 'Z_BUF_ERROR') return cutOff(file, error)
  if (code === 'Z_DATA_ERROR') return (error as Error).message === 'incorrect header check' ? foreign(file, error) : damaged(file, error)
  return error
}
