/** Amounts in the reader's language: the currency decides how many decimals there are. */
import { formatMoney } from '@neo-stack/events'
import { useI18n } from 'vue-i18n'

/** Formats an amount of the currency's smallest unit. */
export type ToMoney = (amountMinor: number, currency: string) => string

/** `R$ 19,90`, `¥1,990`; follows the language. */
export function useMoney(): ToMoney {
  const { locale } = useI18n()
  return (amountMinor, currency) => formatMoney(amountMinor, currency, { language: locale.value })
}
