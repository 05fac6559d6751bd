import { afterEach, describe, expect, it } from 'vitest'
import { useNotices } from '../src/runtime/composables/use-notices.ts'

describe('notices on the page', () => {
  afterEach(() => { for (const kind of ['presence', 'billing'] as const) useNotices(kind).value = true })

  it('are turned off by kind, and that is kept', () => {
    useNotices('presence').value = false
    expect([useNotices('presence').value, useNotices('billing').value]).toEqual([false, true])
    expect(JSON.parse(localStorage.getItem('neo-notices') ?? '{}')).toMatchObject({ presence: false, billing: true })
  })

  it('follow what was chosen in another tab', () => {
    const isWanted = useNotices('billing')
    localStorage.setItem('neo-notices', '{"billing":false}')
    dispatchEvent(new StorageEvent('storage', { key: 'another' }))
    expect(isWanted.value).toBe(true)
    dispatchEvent(new StorageEvent('storage', { key: 'neo-notices' }))
    expect(isWanted.value).toBe(false)
  })
})
