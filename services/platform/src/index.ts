/**
 * The all-in-one process, for who embeds it; people start it with `npm start`.
 *
 * @example
 * const platform = await startPlatform(readConfig(process.env), terminal)
 */

export { ConfigError, readConfig } from './config.ts'
export type { Config } from './config.ts'
export { startPlatform } from './platform.ts'
export type { Platform } from './platform.ts'
export { settings } from './settings.ts'
export type { Setting, SettingName } from './settings.ts'
export type { Terminal, Welcome } from './progress.ts'
