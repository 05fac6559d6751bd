/** How present somebody is, in the reader's words. */
import type { UserPresence } from '@neo-stack/events'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

/** What {@link usePresenceWords} gives. */
export interface PresenceWords {
  /** `Ocupado – em reunião`, `Ausente` */
  toStatus: (user: UserPresence) => string
  /** `agora`, `há 5 min`; '' where the user hides it. */
  toLastSeen: (user: UserPresence, now: number) => string
  /** `agora`, `há 5 min` */
  toAgo: (moment: string, now: number) => string
}

/** Words for presence; follows the language. */
export function usePresenceWords(): PresenceWords {
  const { t, locale } = useI18n()
  const format = computed(() => new Intl.RelativeTimeFormat(locale.value, { style: 'short', numeric: 'always' }))
  const toUnits = (count: number, unit: 'minute' | 'hour' | 'day'): string => format.value.format(-Math.floor(count), unit).replace(/\.$/, '')
  const ago = (seconds: number): string => {
    if (seconds < 60) return t('presence.now')
    if (seconds < 3600) return toUnits(seconds / 60, 'minute')
    return seconds < 86_400 ? toUnits(seconds / 3600, 'hour') : toUnits(seconds / 86_400, 'day')
  }
  const toAgo: PresenceWords['toAgo'] = (moment, now) => ago(Math.max(0, now - Date.parse(moment)) / 1000)
  return {
    toAgo,
    toStatus: ({ status, statusText }) => statusText ? `${t(`presence.${status}`)} – ${statusText}` : t(`presence.${status}`),
    toLastSeen: ({ status, lastSeen }, now) => {
      if (status === 'online') return t('presence.now')
      return lastSeen === undefined ? '' : toAgo(lastSeen, now)
    },
  }
}
