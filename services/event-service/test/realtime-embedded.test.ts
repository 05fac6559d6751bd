import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Centrifuge } from 'centrifuge'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '@neo-stack/events'
import { createKeySet } from '../src/auth/keys.ts'
import { createTokens, type Tokens } from '../src/auth/tokens.ts'
import { createEmbeddedRealtime } from '../src/realtime/embedded.ts'
import { ana, channel, Client, describeRealtime, eventOn, type RealtimeSubject } from './realtime-contract.ts'

const keys = await createKeySet()
const principalOf = (user: string): Principal => {
  const [tenantId = '', userId = ''] = user.split('/')
  return { kind: 'user', tenantId, userId, roles: [], permissions: [] }
}

interface EmbeddedSubject extends RealtimeSubject {
  tokens: Tokens
  refused: Set<string>
  faults: unknown[]
}

async function startEmbedded(): Promise<EmbeddedSubject> {
  const refused = new Set<string>()
  const faults: unknown[] = []
  const tokens = createTokens({ keys })
  const realtime = createEmbeddedRealtime({
    jwks: () => keys.jwks, isAllowed: user => !refused.has(user), allowedOrigins: ['https://portal.example'], onFault: error => { faults.push(error) },
  })
  const server = createServer()
  realtime.attach?.(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    realtime, tokens, refused, faults, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connection/websocket`,
    signConnection: async (user, sessionId) => (await tokens.signConnection({ ...principalOf(user), ...sessionId && { sessionId } })).token,
    signSubscription: async (user, name) => (await tokens.signSubscription(principalOf(user), name)).token,
    shutDown: realtime.close,
    stop: async () => {
      await realtime.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

describeRealtime('the embedded engine', startEmbedded)

describe('the embedded engine', () => {
  let subject: EmbeddedSubject
  let client: Client
  beforeEach(async () => {
    subject = await startEmbedded()
    client = new Client(subject, ana)
  })
  afterEach(async () => {
    client.centrifuge.disconnect()
    await subject.stop()
  })

  it('tells when a named presence connection has its first socket and when it has lost its last', async () => {
    const told: string[] = []
    let wake = (): void => undefined
    subject.realtime.onSocket?.(({ tenantId, userId, connectionId }, isOpen) => { told.push(`${tenantId}/${userId} ${connectionId} ${isOpen}`); wake() })
    const until = async (count: number): Promise<void> => { while (told.length < count) await new Promise<void>(resolve => { wake = resolve }) }
    const connect = (data: unknown): Centrifuge => {
      const one = new Centrifuge(subject.url, { getToken: () => subject.signConnection(ana), data })
      one.connect()
      return one
    }
    const unnamed = [connect(undefined), connect({ presence: '../' }), connect({ presence: 7 }), connect(null)]
    await Promise.all(unnamed.map(one => one.ready()))
    const first = connect({ presence: 'tab-1' })
    await until(1)
    const second = connect({ presence: 'tab-1' })
    await until(2)
    first.disconnect()
    await second.publish(channel, {}).catch(() => undefined)
    for (const one of unnamed) one.disconnect()
    second.disconnect()
    await until(3)
    expect(told).toEqual([`${ana} tab-1 true`, `${ana} tab-1 true`, `${ana} tab-1 false`])
  })

  it('refuses a revoked user at the door, whatever the token says', async () => {
    subject.refused.add(ana)
    client.centrifuge.connect()
    await client.until(() => client.saw('disconnected'))
    expect(client.states.at(-1)).toEqual({ state: 'disconnected', code: 3503 })
    expect(client.saw('connected')).toBe(false)
  })

  it('refuses a user revoked while connected at the next subscription', async () => {
    client.centrifuge.connect()
    await client.until(() => client.saw('connected'))
    subject.refused.add(ana)
    client.subscribe(channel, () => subject.signSubscription(ana, channel))
    await client.until(() => client.saw('disconnected', 3503))
    expect(client.saw('subscribed')).toBe(false)
  })

  it('takes no token of another purpose', async () => {
    for (const wrong of [
      () => subject.signSubscription(ana, channel),
      async () => (await subject.tokens.signAccess({ ...principalOf(ana), roles: [], sessionId: 's' })).token,
    ]) {
      const other = new Client({ ...subject, signConnection: wrong }, ana)
      other.centrifuge.connect()
      await other.until(() => other.saw('disconnected'))
      expect(other.saw('connected')).toBe(false)
    }
    client.centrifuge.connect()
    client.subscribe(channel, () => subject.signConnection(ana))
    await client.until(() => client.saw('unsubscribed') || client.saw('disconnected'))
    expect(client.saw('subscribed')).toBe(false)
  })

  it.each([['https://evil.example', 403], ['https://portal.example', 101]])('answers origin %s with %i', async (origin, status) => {
    const upgrade = request(subject.url.replace('ws:', 'http:'), { headers: {
      origin, 'connection': 'Upgrade', 'upgrade': 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    } })
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      upgrade.once('upgrade', response => { resolve(response.statusCode) }).once('response', response => { resolve(response.statusCode) }).once('error', reject).end()
    })
    upgrade.destroy()
    expect(answer).toBe(status)
  })

  it('delivers the next event after one that could not be', async () => {
    client.centrifuge.connect()
    client.subscribe(channel, () => subject.signSubscription(ana, channel))
    await client.until(() => client.saw('subscribed'))
    await subject.realtime.deliver([eventOn('nowhere:else', 1), eventOn(channel, 1)])
    await client.until(() => client.seqs.length === 1)
    expect(subject.faults).toHaveLength(1)
  })
})
