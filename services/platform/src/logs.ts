/** The process's log: lines of JSON on stderr, with nothing in them that a caller sent, and a level for each module that can be changed while it runs. */

import { pino, type DestinationStream, type Logger } from 'pino'
import { logSerializers } from '@neo-stack/event-service'

/** How much is told. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** See {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number]

/** Parts that log; each of their lines names its module. */
export const logModules = ['http', 'background', 'realtime', 'installation', 'deployer'] as const

/** See {@link logModules}. */
export type LogModule = (typeof logModules)[number]

/** A level for all modules, and others for some. */
export interface LogSettings {
  logLevel: LogLevel
  logLevels?: Partial<Record<LogModule, LogLevel>>
}

/** Loggers of a process. */
export interface Logs {
  of: (module: LogModule) => Logger
  /** Changes a module's level, or every one's. @returns the levels as they are now */
  set: (change: { module?: LogModule | undefined, level: LogLevel }) => Record<LogModule, LogLevel>
  levels: () => Record<LogModule, LogLevel>
}

/** Makes them. */
export function createLogs({ logLevel, logLevels: own = {} }: LogSettings, destination: DestinationStream = pino.destination({ dest: 2, sync: true })): Logs {
  // The lowest there is: a child cannot say more than it is told to, whatever its parent does.
  const root = pino({ level: 'debug', serializers: logSerializers }, destination)
  const loggers = new Map(logModules.map(module => [module, root.child({ module }, { level: own[module] ?? logLevel })] as const))
  const levels = (): Record<LogModule, LogLevel> => Object.fromEntries([...loggers].map(([module, logger]) => [module, logger.level])) as Record<LogModule, LogLevel>
  return {
    of: module => loggers.get(module) ?? root,
    levels,
    set: ({ module, level }) => {
      for (const [name, logger] of loggers) if (module === undefined || module === name) logger.level = level
      return levels()
    },
  }
}

/** Writes what a deployer failed with outside of a deployment's own log, and at whose deployment. */
export const tellDeployerFault = (logs: Logs) => (error: unknown, job?: { tenantId: string, deploymentId: string }): void => {
  logs.of('deployer').error({ err: error, ...job && { tenant: job.tenantId, deployment: job.deploymentId } }, 'a deployment job failed')
}

/** Reads `warn` or `warn,http=info,deployer=debug`. @returns undefined for what is neither */
export function parseLogLevels(text: string): LogSettings | undefined {
  const [first = '', ...rest] = text.split(',').map(part => part.trim())
  const pairs = rest.map(part => part.split('='))
  const isRight = isLevel(first) && pairs.every(([module, level, ...more]) => isModule(module) && isLevel(level) && more.length === 0)
  return isRight ? { logLevel: first, ...pairs.length > 0 && { logLevels: Object.fromEntries(pairs) as Partial<Record<LogModule, LogLevel>> } } : undefined
}

/** Whether a word is a level. */
export const isLevel = (word: string | undefined): word is LogLevel => (logLevels as readonly (string | undefined)[]).includes(word)

/** Whether a word is a module. */
export const isModule = (word: string | undefined): word is LogModule => (logModules as readonly (string | undefined)[]).includes(word)
