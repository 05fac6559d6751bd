import { describe, expect, it } from 'vitest'
import { findCrossing } from '../eslint/boundaries.ts'
import { zones } from '../eslint/zones.ts'

const service = 'services/event-service/src'
const crosses = (file: string, specifier: string): boolean => findCrossing(zones, file, specifier) !== undefined

describe('boundaries', () => {
  it.each([
    ['a feature imports another feature', `${service}/billing/routes.ts`, '../alerts/rules.ts'],
    ['publish imports a feature', `${service}/publish/publish.ts`, '../deployments/projection.ts'],
    ['a part imports the composition root', `${service}/history/routes.ts`, '../app.ts'],
    ['a route imports SQL', `${service}/history/routes.ts`, 'kysely'],
    ['an adapter imports HTTP', `${service}/realtime/embedded.ts`, 'fastify'],
    ['a pure state table imports Node', 'packages/client/src/feed-state.ts', 'node:events'],
    ['pure rules import a vendor', `${service}/alerts/rules.ts`, 'pg-boss'],
    ['the contract imports a vendor', 'packages/events/src/channel.ts', 'jose'],
    ['the engine imports something of ours', 'packages/engine/src/server.ts', '@neo-stack/events'],
    ['a second file imports centrifuge', 'packages/client/src/feed.ts', 'centrifuge'],
    ['a second file imports a Redis client', `${service}/presence/memory.ts`, 'ioredis'],
    ['browser code imports Node', 'packages/nuxt/src/runtime/feed.ts', 'node:fs'],
  ])('refuses when %s', (_case, file, specifier) => {
    expect(crosses(file, specifier)).toBe(true)
  })

  it.each([
    ['a feature imports publish', `${service}/billing/routes.ts`, '../publish/registry.ts'],
    ['a feature imports its own files', `${service}/billing/routes.ts`, './thresholds.ts'],
    ['a pure file imports the contract', `${service}/presence/status.ts`, '@neo-stack/events'],
    ['the contract imports zod', 'packages/events/src/envelope.ts', 'zod'],
    ['the one file imports centrifuge', 'packages/client/src/connection.ts', 'centrifuge'],
    ['the engine\'s tests import the official client', 'packages/engine/test/connect.test.ts', 'centrifuge'],
    ['the Redis adapter imports its client', `${service}/presence/redis.ts`, 'ioredis'],
  ])('accepts when %s', (_case, file, specifier) => {
    expect(crosses(file, specifier)).toBe(false)
  })

  it('gives every zone a sentence that a person can act on', () => {
    expect(zones.filter(zone => zone.why.length < 40)).toEqual([])
  })
})
