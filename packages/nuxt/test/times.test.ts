import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { createI18n } from 'vue-i18n'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isPast, useTimes } from '../src/runtime/composables/use-times.ts'

/** A day as a reader sees it. */
function day(moment: string): string {
  const i18n = createI18n({ legacy: false, locale: 'en', messages: { en: {} } })
  const component = defineComponent(() => {
    const { toDay } = useTimes()
    return () => h('p', toDay(moment))
  })
  return mount(component, { global: { plugins: [i18n] } }).text()
}

describe('a day without a time', () => {
  const zone = process.env['TZ']
  beforeEach(() => { process.env['TZ'] = 'America/Sao_Paulo' })
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  it('is the same day west of UTC', () => {
    expect(day('2026-12-01')).toBe('Dec 1, 2026')
    expect(day('2026-12-01T00:00:00.000Z')).toBe('Dec 1, 2026')
    expect(day('2026-12-01T01:00:00.000Z')).toBe('Nov 30, 2026')
  })

  it('has passed when the reader\'s day is over, a moment at once', () => {
    expect(isPast('2026-12-01', Date.parse('2026-12-02T02:59:59.000Z'))).toBe(false)
    expect(isPast('2026-12-01', Date.parse('2026-12-02T03:00:00.000Z'))).toBe(true)
    expect(isPast('2026-12-01T12:00:00.000Z', Date.parse('2026-12-01T12:00:01.000Z'))).toBe(true)
  })
})
