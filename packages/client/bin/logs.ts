/** What `neo logs` makes of its arguments and of lines. Pure. */

import type { LogLine } from '@neo-stack/events'

/** The command line says too little, or something unknown. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * A moment: ISO 8601, or how long ago (`90s`, `10m`, `2h`, `1d`).
 * @param now milliseconds since 1970
 * @returns ISO 8601
 * @throws {UsageError}
 */
export function parseSince(text: string, now: number): string {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const time = count === undefined ? Date.parse(text) : now - Number(count) * (seconds[unit] ?? 0) * 1000
  if (Number.isNaN(time)) throw new UsageError(`does not understand --since ${text}`)
  return new Date(time).toISOString()
}

/** A line for a terminal. */
export function formatLine({ time, step, text }: LogLine): string {
  return `${time} ${step === undefined ? '' : `[${step}] `}${text}`
}

/** Colours, sequences of any other kind (a title, the clipboard, the cursor), and what else moves a terminal. */
 
const CONTROLS = /(\u001B\[[\d;:]{0,64}m)|(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[P\]X^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?|[\0-\u0008\u000A-\u001F\u007F-\u009F]/g

/** What of a text may reach a terminal: letters, tabs and colours, which end with the text. A container must not write elsewhere. */
export function toTerminalText(text: string): string {
  const shown = text.replaceAll(CONTROLS, (_all, colour: string | undefined) => colour ?? '')
  return shown.includes('\u001B') ? `${shown}\u001B[0m` : shown
}

/** After how many tries in vain somebody who follows a log hears of it: early, and then now and then. */
export function isWorthSaying(tries: number): boolean {
  return tries === 3 || tries % 20 === 0
}
