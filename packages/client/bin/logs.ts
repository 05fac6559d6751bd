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
