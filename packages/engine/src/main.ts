#!/usr/bin/env -S node --max-semi-space-size=8
/** Runs an engine by itself, from a Centrifugo v6 configuration file: `engine --config config.json`. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { readConfigFile } from './config-file.ts'
import type { FileConfig } from './config-file.ts'
import { createEngine } from './engine.ts'
import { EngineConfigError } from './errors.ts'

const USAGE = `usage: engine --config config.json [--address host] [--port number] [--check]

  -c, --config    a Centrifugo v6 configuration file in JSON
      --address   host to listen on instead of the file's
      --port      port to listen on instead of the file's; 0 takes a free one
      --check     says what is wrong with the file and ends
`

/** Faults end the process with 1, wrong arguments with 2. */
class ExitError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

function readArguments(): { config: string, address?: string, port?: string, check: boolean } {
  try {
    const options = { config: { type: 'string', short: 'c' }, address: { type: 'string' }, port: { type: 'string' }, check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
    const { values: { config, check = false, help, ...rest } } = parseArgs({ options })
    if (help || config === undefined) throw new ExitError(help ? 0 : 2, USAGE)
    return { config, check, ...rest }
  } catch (error) {
    if (error instanceof ExitError) throw error
    throw new ExitError(2, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}

function readFile(path: string): FileConfig {
  try {
    return readConfigFile(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if (error instanceof EngineConfigError) throw new ExitError(1, error.faults.map(fault => `${path}: ${fault}`).join('\n'))
    throw new ExitError(1, `${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ExitError(2, `--port must be 0–65535, not ${text}`)
  return port
}

function start(): void {
  const { config: path, address, port, check } = readArguments()
  const { options, attach, listen, warnings, shutdownTimeout } = readFile(path)
  for (const warning of warnings) console.warn(`warning: ${path}: ${warning}`)
  const engine = createEngine({ ...options, onFault: error => { console.error(error) } })
  if (check) return
  const server = createServer()
  engine.attach(server, attach)
  const front = engine.front(server)
  front.on('error', error => {
    console.error(error.message)
    process.exitCode = 1
  })
  front.listen({ ...listen, ...address !== undefined && { host: address }, port: readPort(port) ?? listen.port }, () => {
    const bound = front.address() as AddressInfo
    console.log(`listening on ${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`)
  })
  const stop = (): void => {
    front.close()
    server.close()
    void engine.close().then(() => { server.closeAllConnections() })
    setTimeout(() => process.exit(1), shutdownTimeout).unref()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

try {
  start()
} catch (error) {
  if (error instanceof EngineConfigError) console.error(error.message)
  else if (error instanceof ExitError) (error.status === 0 ? console.log : console.error)(error.message)
  else throw error
  process.exitCode = error instanceof ExitError ? error.status : 1
}
