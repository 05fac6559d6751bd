/** Thresholds of usage as a person writes them: `50%; 80%; 900`. Pure. */
import type { UsageStep } from '@neo-stack/events'

/** Thresholds of one resource; the service takes no more. */
const MAX_STEPS = 20

/** A separator before exactly three digits: thousands to one reader, decimals to another. */
const AMBIGUOUS = /[.,]\d{3}$/

/** Writes thresholds the way {@link readSteps} reads them. */
export function writeSteps(steps: readonly UsageStep[]): string {
  return steps.map(({ unit, value }) => unit === 'percent' ? `${value}%` : String(value).replace(AMBIGUOUS, '$&0')).join('; ')
}

/**
 * Reads thresholds between semicolons, spaces or commas that end a number; a comma or point within one marks decimals.
 * @returns undefined for what is none, for an amount that may mean thousands (`10.000`), for none at all, for more than 20, and where one
 *   stands twice
 */
export function readSteps(text: string): UsageStep[] | undefined {
  const words = text.replace(/\s+%/g, '%').replace(/%,/g, '% ').split(/,?\s+|;/).map(word => word.trim().replace(/,$/, '')).filter(word => word !== '')
  const steps = words.map(toStep)
  if (steps.length === 0 || steps.length > MAX_STEPS || steps.some(step => step === undefined)) return undefined
  const isEachOnce = new Set(steps.map(step => `${step?.value ?? ''} ${step?.unit ?? ''}`)).size === steps.length
  return isEachOnce ? steps.filter(step => step !== undefined) : undefined
}

function toStep(word: string): UsageStep | undefined {
  if (AMBIGUOUS.test(word)) return undefined
  const [, digits, percent] = /^(\d{1,15}(?:[.,]\d{1,6})?)(%?)$/.exec(word) ?? []
  const value = Number(digits?.replace(',', '.'))
  return value > 0 ? { unit: percent === '%' ? 'percent' : 'absolute', value } : undefined
}
