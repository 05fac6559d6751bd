/** Decimals of currencies (ISO 4217). Browsers go by CLDR, which shows some of them with fewer: an amount would be a hundred times off. Pure. */

/** Codes whose smallest unit is not a hundredth, by their number of decimals. */
const others: readonly (readonly [decimals: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
]

const decimals: ReadonlyMap<string, number> = new Map(others.flatMap(([count, codes]) => codes.split(' ').map(code => [code, count] as const)))

/** How many decimals a currency has: 2 for BRL, 0 for JPY, 3 for KWD. */
export function decimalsOf(currency: string): number {
  return decimals.get(currency) ?? 2
}

/** Making a format costs more than all else here. */
const formats = new Map<string, Intl.NumberFormat>()

/**
 * Writes an amount of the currency's smallest unit: 1990 BRL is `R$ 19,90` in pt-BR.
 * @param currency ISO 4217: three capital letters
 */
export function formatMoney(amountMinor: number, currency: string, { language, display = 'symbol' }: MoneyFormat): string {
  const digits = decimalsOf(currency)
  const key = `${language} ${display} ${currency}`
  const format = formats.get(key)
    ?? new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: display, minimumFractionDigits: digits, maximumFractionDigits: digits })
  if (formats.size < 1000) formats.set(key, format)
  return format.format(amountMinor / 10 ** digits)
}

/** How {@link formatMoney} writes. */
export interface MoneyFormat {
  /** BCP 47 */
  language: string
  /** `code` writes BRL instead of R$. @default 'symbol' */
  display?: 'symbol' | 'code'
}
