/**
 * The all-in-one process: `main.ts` starts the platform, `main.ts build` only builds the portals, `main.ts deployer` is the deployer
 * of the scale-out column, `main.ts doctor` looks at everything the platform stands on, `main.ts migrate --to postgres://…` moves the
 * embedded data there, `main.ts backup FILE`, `restore FILE [--replace]` and `verify [FILE]` are for backups.
 * Exit codes: 0 stopped as asked, or nothing is wrong; 1 could not start (one sentence on stderr), or something is.
 */

import { flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { backUp, restore, verify, type BackupCommand } from './backup.ts'
import { buildPortal, isBuilt, listPortals } from './build-portals.ts'
import { ConfigError, readConfig } from './config.ts'
import { askRunning } from './control.ts'
import { isLevel, isModule, logLevels, logModules } from './logs.ts'
import { startDeployerProcess } from './deployer.ts'
import { examine, formatFinding } from './doctor.ts'
import { explain } from './failure.ts'
import { keepStarted, type Again } from './keep-started.ts'
import { startPlatform, type Platform } from './platform.ts'
import { migrateTo } from './migrate.ts'
import { formatWelcome, showStep, type Terminal } from './progress.ts'
import { stopOnSignals } from './stop.ts'

/** Longest graceful stop, in milliseconds; then the process ends anyway. */
const STOP_WITHIN_MS = 9000

const BACKUP = 'backup neo.backup'
const RESTORE = 'restore neo.backup [--replace]'

const quiet: Terminal = { write: () => undefined, isInteractive: false }
const terminal: Terminal = { write: text => { process.stdout.write(text) }, isInteractive: process.stdout.isTTY }

async function build(): Promise<void> {
  for (const portal of listPortals()) {
    if (!isBuilt(portal)) await showStep(terminal, `Build the ${portal.name} portal`, () => buildPortal(portal))
  }
}

async function start(): Promise<void> {
  const startedAt = Date.now() - process.uptime() * 1000
  const config = readConfig(process.env)
  let [on, port] = [terminal, config.port]
  const { first, close } = await keepStarted(async (again: Again): Promise<Platform> => {
    const platform = await startPlatform({ ...config, port }, on, again)
    // Again, it is found where it was, and says no more than that.
    if (on !== terminal) terminal.write('  Started again on what was restored.\n')
    ;[on, port] = [quiet, platform.port]
    return platform
  }, end)
  stopOnSignals({ close, withinMs: STOP_WITHIN_MS, tell: sentence => { process.stderr.write(`${sentence}\n`) } })
  terminal.write(formatWelcome({ ...first.welcome, startedInMs: Date.now() - startedAt }))
}

async function deployer(): Promise<void> {
  const { close } = await keepStarted(again => startDeployerProcess(readConfig(process.env), again), end)
  stopOnSignals({ close, withinMs: STOP_WITHIN_MS, tell: sentence => { process.stderr.write(`${sentence}\n`) } })
}

async function doctor(): Promise<void> {
  for await (const finding of examine(process.env)) {
    terminal.write(formatFinding(finding))
    if (finding.state === 'fault') process.exitCode = 1
  }
}

async function migrate(): Promise<void> {
  const { values: { to } } = parseArgs({ args: process.argv.slice(3), options: { to: { type: 'string' } } })
  if (to === undefined || !/^postgres(ql)?:\/\//.test(to)) throw new ConfigError('Say where to: migrate --to postgres://user:password@host:5432/database.')
  await migrateTo({ folder: readConfig(process.env).dataDir, to, tell: sentence => { terminal.write(`  ${sentence}\n`) } })
}

const toCommand = (): BackupCommand => ({ config: readConfig(process.env), tell: sentence => { terminal.write(`  ${sentence}\n`) } })

function readFileName(command: string, example: string): { file: string | undefined, replace: boolean } {
  const { values, positionals } = parseArgs({ args: process.argv.slice(3), allowPositionals: true, options: { replace: { type: 'boolean', default: false } } })
  if (positionals.length > 1) throw new ConfigError(`${command} takes one file: ${example}.`)
  return { file: positionals[0], replace: values.replace }
}

async function runBackup(): Promise<void> {
  const { file } = readFileName('backup', BACKUP)
  if (file === undefined) throw new ConfigError(`Say where to: ${BACKUP}.`)
  await backUp(toCommand(), file)
}

async function runRestore(): Promise<void> {
  const { file, replace } = readFileName('restore', RESTORE)
  if (file === undefined) throw new ConfigError(`Say what: ${RESTORE}.`)
  await restore(toCommand(), file, replace)
}

async function runVerify(): Promise<void> {
  if (!await verify(toCommand(), readFileName('verify', 'verify [neo.backup]').file)) process.exitCode = 1
}

/** `log-level` tells the levels, `log-level debug` changes all, `log-level http=info` one module's. */
async function logLevel(): Promise<void> {
  const [first, second] = (process.argv[3] ?? '').split('=')
  const [module, level] = second === undefined ? [undefined, first || undefined] : [first, second]
  if ((level !== undefined && !isLevel(level)) || (module !== undefined && !isModule(module))) throw new ConfigError(`Say what: log-level, log-level ${logLevels[0]}, or log-level ${logModules[0]}=${logLevels[0]}; modules are ${logModules.join(', ')}.`)
  const { dataDir } = readConfig(process.env)
  const running = await askRunning(dataDir, { do: 'log', level, module })
  if (!running) throw new ConfigError(`No platform runs on ${dataDir}.`)
  running.release()
  for (const [name, now] of Object.entries(running.value as Record<string, string>)) terminal.write(`  ${name.padEnd(14)}${now}\n`)
}

function end(error: unknown): void {
  process.stderr.write(`${explain(error)}\n`)
  if (process.env['LOG_LEVEL'] === 'debug') process.stderr.write(`${error instanceof Error ? error.stack ?? '' : ''}\n`)
  process.exit(1)
}

const commands: ReadonlyMap<string, () => Promise<void>> = new Map([['', start], ['build', build], ['deployer', deployer], ['doctor', doctor], ['migrate', migrate], ['backup', runBackup], ['restore', runRestore], ['verify', runVerify], ['log-level', logLevel]])

try {
  const [, , name = ''] = process.argv
  const command = commands.get(name)
  if (!command) throw new ConfigError(`There is no command ${JSON.stringify(name)}: nothing starts the platform, build only builds the portals, deployer starts a deployer, doctor says what is wrong, migrate --to moves the data to PostgreSQL, backup, restore and verify are for backups, log-level changes what a running platform logs.`)
  await command()
  // What Node compiled is kept, where it keeps it, also when this process gets no time to end by itself.
  flushCompileCache()
} catch (error) {
  end(error)
}
