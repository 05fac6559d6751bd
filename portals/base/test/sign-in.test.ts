import { describe, expect, it } from 'vitest'
import { belongsHere, toInnerPath } from '../app/sign-in.ts'

describe('who may be in a portal', () => {
  it('are operators in the admin portal and everybody else in the others', () => {
    expect(belongsHere({ tenantId: 'platform' }, 'admin')).toBe(true)
    expect(belongsHere({ tenantId: 'platform' }, 'tenant')).toBe(false)
    expect(belongsHere({ tenantId: 'acme' }, 'tenant')).toBe(true)
    expect(belongsHere({ tenantId: 'acme' }, 'certification')).toBe(true)
    expect(belongsHere({ tenantId: 'acme' }, 'admin')).toBe(false)
  })
})

describe('where a person goes after signing in', () => {
  it('is the page that was asked for', () => {
    expect(toInnerPath('/deployments/d-1?tab=log')).toBe('/deployments/d-1?tab=log')
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/sign-in?to=/', undefined, ['/a']])('is the start instead of %s', wished => {
    expect(toInnerPath(wished)).toBe('/')
  })
})
