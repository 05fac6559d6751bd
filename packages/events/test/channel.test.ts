import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { channelFamilies, formatChannel, parseChannel, type ChannelFamily } from '../src/index.ts'

const user = '0190b5a0-7c1e-7000-8000-000000000001'

describe('channel grammar', () => {
  it.each([
    ['tenant:acme:deployments', 'deployments', 'acme'],
    ['tenant:acme:deployments:odoo-1', 'deployment-log', 'acme'],
    ['tenant:acme:metrics', 'metrics', 'acme'],
    ['admin:metrics', 'admin-metrics', 'platform'],
    [`user:acme/${user}`, 'user', 'acme'],
    ['system:announcements', 'announcements', 'platform'],
  ])('reads %s', (name, family, tenantId) => {
    expect(parseChannel(name)).toMatchObject({ name, family, tenantId })
  })

  it.each([
    '', 'tenant', 'tenant:', 'tenant:acme', 'tenant:acme:secrets', 'tenant:Acme:deployments', 'tenant:acme:deployments:', 'tenant:acme:deployments:a:b',
    'tenant:-a:billing', 'tenant:acme:billing ', ' tenant:acme:billing', 'tenant:acme:billing\n', 'xtenant:acme:billing', 'tenant:acme/../globex:billing',
    `tenant:${'a'.repeat(64)}:billing`, 'user:acme/1', `user:acme/${user.toUpperCase()}`, 'admin:secrets', '$tenant:acme:billing', 'tenant:acme:billing#1',
    'tenant:аcme:billing', 'constructor', '__proto__', 'tenant:__proto__:billing',
  ])('knows no channel %j', name => {
    expect(parseChannel(name)).toBeUndefined()
  })

  it('formats what it parses and parses what it formats', () => {
    const slug = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/)
    const family = fc.constantFrom(...Object.keys(channelFamilies) as ChannelFamily[])
    fc.assert(fc.property(family, slug, slug, (name, tenantId, deploymentId) => {
      const channel = formatChannel(name, { tenantId, deploymentId, userId: user })
      expect(parseChannel(channel)).toMatchObject({ family: name, name: channel })
    }))
  })

  it('never takes one tenant\'s name for another\'s', () => {
    fc.assert(fc.property(fc.string({ maxLength: 40 }), text => {
      const channel = parseChannel(`tenant:${text}:billing`)
      expect(channel === undefined || channel.tenantId === text).toBe(true)
    }))
  })

  it('refuses to format a channel from parts of a wrong shape', () => {
    expect(() => formatChannel('billing', { tenantId: 'a:b' })).toThrow(TypeError)
    expect(() => formatChannel('deployment-log', { tenantId: 'acme' })).toThrow(TypeError)
  })
})
