import { describe, expect, it } from 'vitest'
import { decimalsOf, formatMoney } from '../src/currency.ts'

const write = (amountMinor: number, currency: string, language = 'en'): string => formatMoney(amountMinor, currency, { language }).replaceAll('\u00A0', ' ')

describe('money', () => {
  it('has as many decimals as its currency, also where browsers show fewer', () => {
    expect(['BRL', 'JPY', 'KWD', 'CLF', 'RSD', 'IQD', 'ISK'].map(decimalsOf)).toEqual([2, 0, 3, 4, 2, 3, 0])
    expect(write(1990, 'RSD')).toBe('RSD 19.90')
    expect(write(1990, 'IQD')).toBe('IQD 1.990')
  })

  it('is written in the reader\'s language', () => {
    expect(write(123_456, 'BRL', 'pt-BR')).toBe('R$ 1.234,56')
    expect(write(1990, 'JPY', 'en')).toBe('¥1,990')
    expect(write(-1990, 'KWD', 'es')).toBe('-1,990 KWD')
  })
})
