/**
 * Whose rights end loses their sockets: a session, a person, an API key, a tenant, a change of roles. The close is terminal, the old tokens
 * open nothing any more – neither anew nor with a place to recover from – and nobody else notices. How soon is measured by
 * `npm run bench -- revocation`.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '@neo-stack/client'
import { openRawSocket, until, type RawSocket, type TestPlatform } from '@neo-stack/testing'
import { isScaleOut, startColumn } from './column.ts'

const CHANNEL = 'tenant:globex:alerts'
/** Until whoever comes back is cut again, in milliseconds. */
const CUT_MS = 10_000

/** A socket with a subscription, and the tokens it came by. */
interface Seat { socket: RawSocket, bearer: string, connection: string, subscription: string }

describe('whose rights end', () => {
  let platform: TestPlatform
  let owner: Client
  let operator: Client
  beforeAll(async () => {
    platform = await startColumn()
    owner = await platform.client('owner', 'globex')
    operator = await platform.operator()
  })
  afterAll(async () => { await platform?.stop() })

  const post = async (path: string, bearer: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(platform.url + path, { method: 'POST', headers: { 'authorization': `Bearer ${bearer}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return await answer.json() as Record<string, unknown>
  }
  const sit = async (bearer: string): Promise<Seat> => {
    const connection = String((await post('/v1/realtime/connection-token', bearer, {}))['token'])
    const { tokens } = await post('/v1/realtime/subscription-tokens', bearer, { channels: [CHANNEL] }) as { tokens: Record<string, string> }
    const socket = await openRawSocket(platform.url)
    expect(await socket.ask({ connect: { token: connection } })).toHaveProperty('connect')
    expect(await socket.ask({ subscribe: { channel: CHANNEL, token: tokens[CHANNEL] } })).toHaveProperty('subscribe')
    return { socket, bearer, connection, subscription: tokens[CHANNEL] ?? '' }
  }
  const sitAs = async (role: 'viewer' | 'member' | 'manager'): Promise<Seat & { client: Client }> => {
    const client = await platform.client(role, 'globex')
    return { ...await sit(String(await client.session.getAccessToken())), client }
  }
  const idOf = (client: Client): string => client.session.user?.id ?? ''

  const isOut = async ({ socket, bearer, connection, subscription }: Seat): Promise<void> => {
    await until(() => socket.closed, { timeoutMs: CUT_MS, what: 'the socket to be closed' })
    expect(socket.closed?.code).toBe(3503)
    const again = await openRawSocket(platform.url)
    const recovering = { channel: CHANNEL, token: subscription, recover: true, offset: 0, epoch: 'x' }
    const answer = await again.ask({ connect: { token: connection, subs: { [CHANNEL]: recovering } } })
    // Centrifugo lets in whoever has a token that runs, and is told each second whom to cut.
    if (!isScaleOut) expect(answer).toHaveProperty('closed.code', 3503)
    await until(() => again.closed, { timeoutMs: CUT_MS, what: 'the second cut' })
    expect(again.closed?.code).toBe(3503)
    // The gateway asks either service; the one that did not do it hears of it soon.
    await until(async () => (await fetch(`${platform.url}/v1/session`, { headers: { authorization: `Bearer ${bearer}` } })).status === 401, { timeoutMs: isScaleOut ? CUT_MS : 1, what: 'a refusal' })
  }

  test.each<[what: string, act: () => Promise<{ out: Seat[], stay: Seat[] }>]>([
    ['a session, and not the person\'s other one', async () => {
      const [one, other] = [await sitAs('viewer'), await sitAs('viewer')]
      const { sessions } = await one.client.rest.users.sessions({ tenantId: 'globex', userId: 'me' })
      await other.client.rest.users.endSession({ tenantId: 'globex', userId: 'me', sessionId: sessions.find(({ isCurrent }) => isCurrent)?.id ?? '' })
      return { out: [one], stay: [other] }
    }],
    ['a person who is shut out', async () => {
      const [one, twin, other] = [await sitAs('member'), await sitAs('member'), await sitAs('viewer')]
      await owner.rest.users.disable({ tenantId: 'globex', userId: idOf(one.client) })
      return { out: [one, twin], stay: [other] }
    }],
    ['a person whose roles change', async () => {
      const [one, other] = [await sitAs('manager'), await sitAs('viewer')]
      await owner.rest.users.putRoles({ tenantId: 'globex', userId: idOf(one.client) }, { roles: ['viewer'] })
      return { out: [one], stay: [other] }
    }],
    ['an API key', async () => {
      const { apiKey, key = '' } = await owner.rest.apiKeys.create('globex', { name: 'worker', permissions: ['alerts:read'] })
      const [one, other] = [await sit(key), await sit(platform.keys['globex'] ?? '')]
      await owner.rest.apiKeys.revoke('globex', apiKey.id)
      return { out: [one], stay: [other] }
    }],
    ['a whole tenant', async () => {
      const [person, service] = [await sitAs('viewer'), await sit(platform.keys['globex'] ?? '')]
      await operator.rest.admin.tenants.suspend('globex')
      return { out: [person, service], stay: [] }
    }],
  ])('is cut and kept out: %s', async (_what, act) => {
    const { out, stay } = await act()
    for (const seat of out) await isOut(seat)
    for (const { socket } of stay) {
      expect(socket.closed).toBeUndefined()
      expect(await socket.ask({ unsubscribe: { channel: CHANNEL } })).toHaveProperty('unsubscribe')
      socket.close()
    }
  })
})
