/** Percentages in the reader's language. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

/** Formats a percentage: 84.5 is `84,5%` in Portuguese, `84.5%` in English, `84,5 %` in Spanish. */
export type ToPercent = (percentage: number) => string

/**
 * Percentages of the reader's language; follows it.
 * @param minDecimals decimals that are written even when they are zero; one is written where it is needed. @default 1
 */
export function usePercent(minDecimals: 0 | 1 = 1): ToPercent {
  const { locale } = useI18n()
  const format = computed(() => new Intl.NumberFormat(locale.value, { style: 'percent', minimumFractionDigits: minDecimals, maximumFractionDigits: 1 }))
  return percentage => format.value.format(percentage / 100)
}
