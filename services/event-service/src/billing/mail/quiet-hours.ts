/** Hours in which nobody wants e-mail, by the clock on the user's wall: summer time moves them as it moves the clock. Pure. */

/** From one time of day to another, `HH:MM`; from the evening into the morning where `to` is the earlier one. */
export interface QuietHours {
  from: string
  to: string
}

/** Making a format costs more than all else here. */
const clocks = new Map<string, Intl.DateTimeFormat>()

/** Whether a moment (milliseconds since the Unix epoch) is within somebody's quiet hours; `to` itself is not. */
export function isQuiet(now: number, hours: QuietHours | null, timeZone: string): boolean {
  if (!hours) return false
  const time = toMinutes(clockOf(timeZone).format(now))
  const [from, to] = [toMinutes(hours.from), toMinutes(hours.to)]
  return from < to ? time >= from && time < to : time >= from || time < to
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (clocks.size < 1000) clocks.set(timeZone, clock)
  return clock
}

const toMinutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
