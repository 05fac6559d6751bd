/** Moments and durations in the reader's language. */
import type { Ref } from 'vue'
import { computed, onScopeDispose, readonly, ref } from 'vue'
import { useI18n } from 'vue-i18n'

/** A moment: ISO 8601, or milliseconds since the Unix epoch. */
export type Moment = string | number

/** What {@link useTimes} gives. */
export interface Times {
  /** `14:05:09` */
  toTime: (moment: Moment) => string
  /** `14:05` */
  toMinute: (moment: Moment) => string
  /** `06/12/2025 14:05`; today's moments as `14:05`. */
  toDateTime: (moment: Moment) => string
  /** `6 de dez. de 2025`; a day without a time (`2025-12-06`, or midnight UTC) is the same day everywhere. */
  toDay: (moment: string) => string
  /** `12 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h` */
  toDuration: (seconds: number) => string
  /** A length that somebody chose: `20 min`, `1 h 30 min`; what is zero is not said. */
  toLength: (seconds: number) => string
}

/** Formats moments and durations; follows the language. */
export function useTimes(): Times {
  const { t, locale } = useI18n()
  const format = (options: Intl.DateTimeFormatOptions): Ref<Intl.DateTimeFormat> =>
    computed(() => new Intl.DateTimeFormat(locale.value, { hour12: false, ...options }))
  const time = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const minute = format({ hour: '2-digit', minute: '2-digit' })
  const dateTime = format({ day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit' })
  const day = format({ dateStyle: 'medium' })
  const calendarDay = format({ dateStyle: 'medium', timeZone: 'UTC' })
  const toUnit = (count: number, unit: string): string => new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'short' }).format(count)
  return {
    toTime: moment => time.value.format(new Date(moment)),
    toMinute: moment => minute.value.format(new Date(moment)),
    toDateTime: moment => (isToday(moment) ? minute : dateTime).value.format(new Date(moment)),
    toDay: moment => (isDay(moment) ? calendarDay : day).value.format(new Date(moment)),
    toLength: seconds => {
      const s = Math.max(0, Math.round(seconds))
      const parts = [[Math.floor(s / 3600), 'hour'], [Math.floor(s % 3600 / 60), 'minute'], [s % 60, 'second']] as const
      return parts.filter(([count]) => count > 0).map(([count, unit]) => toUnit(count, unit)).join(' ') || toUnit(0, 'second')
    },
    toDuration: seconds => {
      const s = Math.max(0, Math.round(seconds))
      if (s < 60) return t('duration.seconds', { s })
      if (s < 3600) return t('duration.minutes', { m: Math.floor(s / 60), s: s % 60 })
      if (s < 86_400) return t('duration.hours', { h: Math.floor(s / 3600), m: Math.floor(s % 3600 / 60) })
      return t('duration.days', { d: Math.floor(s / 86_400), h: Math.floor(s % 86_400 / 3600) })
    },
  }
}

/** Whether a moment is a day without a time. */
function isDay(moment: string): boolean {
  return /^\d{4}-\d\d-\d\d(?:T00:00(?::00(?:\.0+)?)?Z)?$/.test(moment)
}

/** Whether a moment has passed; a day without a time passes with its end in the reader's own time zone. */
export function isPast(moment: string, now: number): boolean {
  if (!isDay(moment)) return Date.parse(moment) < now
  const [year = 0, month = 1, date = 1] = moment.slice(0, 10).split('-').map(Number)
  return new Date(year, month - 1, date + 1).getTime() <= now
}

const isToday = (moment: Moment): boolean => new Date(moment).toDateString() === new Date().toDateString()

/** The current time in milliseconds, once per second while the scope lives. */
export function useNow(now: () => number = Date.now): Readonly<Ref<number>> {
  const current = ref(now())
  const timer = setInterval(() => { current.value = now() }, 1000)
  onScopeDispose(() => { clearInterval(timer) })
  return readonly(current)
}
