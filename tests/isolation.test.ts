/**
 * A member of `globex` at every door of `acme`: 404, or 403 where telling is no leak, and the same answer for what exists and for
 * what does not. A viewer does not deploy. Tokens that are forged or somebody else's open nothing (RELIABILITY C16, I3).
 */

import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '@neo-stack/client'
import { createJournal, findLeaks, openRawSocket, until, type Frame, type Journal, type RawSocket, type TestPlatform } from '@neo-stack/testing'
import { startColumn } from './column.ts'

const SECRET = 'only-acme-knows-this'

interface Door {
  name: string
  method: 'GET' | 'POST'
  /** `id` is a deployment of acme, or one that does not exist. */
  path: (id: string) => string
  body?: (id: string) => object
}

const deploymentDoors: Door[] = [
  { name: 'a deployment', method: 'GET', path: id => `/v1/tenants/acme/deployments/${id}` },
  { name: 'its log', method: 'GET', path: id => `/v1/tenants/acme/deployments/${id}/logs` },
  { name: 'cancelling it', method: 'POST', path: id => `/v1/tenants/acme/deployments/${id}/cancel` },
  { name: 'retrying it', method: 'POST', path: id => `/v1/tenants/acme/deployments/${id}/retry` },
  { name: 'appending to its log', method: 'POST', path: id => `/v1/tenants/acme/deployments/${id}/logs`, body: () => ({ lines: ['foreign'] }) },
  { name: 'history of its log', method: 'GET', path: id => `/v1/history?channel=tenant:acme:deployments:${id}` },
]

/** `id` is a tenant: acme, or one that does not exist. */
const tenantDoors: Door[] = [
  { name: 'the snapshot of deployments', method: 'GET', path: id => `/v1/tenants/${id}/deployments` },
  { name: 'instances', method: 'GET', path: id => `/v1/tenants/${id}/instances` },
  { name: 'metrics', method: 'GET', path: id => `/v1/tenants/${id}/metrics` },
  { name: 'pushing metrics', method: 'POST', path: id => `/v1/tenants/${id}/metrics`, body: () => ({ cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 }) },
  { name: 'deploying', method: 'POST', path: id => `/v1/tenants/${id}/deployments`, body: () => ({ instanceType: 'odoo' }) },
  { name: 'history', method: 'GET', path: id => `/v1/history?channel=tenant:${id}:deployments` },
  { name: 'publishing', method: 'POST', path: () => '/v1/events', body: id => ({ channel: `tenant:${id}:alerts`, type: 'alert', data: { severity: 'info', message: 'foreign' } }) },
  { name: 'publishing a batch', method: 'POST', path: () => '/v1/events/batch', body: id => ({ events: [{ channel: `tenant:${id}:alerts`, type: 'alert', data: { severity: 'info', message: 'foreign' } }] }) },
  { name: 'raising an alert', method: 'POST', path: () => '/v1/alerts', body: id => ({ tenantId: id, severity: 'info', message: 'foreign' }) },
]

describe('a member of globex', () => {
  let platform: TestPlatform
  let acme: Client
  let accessToken: string
  let deploymentId: string
  let markers: string[]
  let before: string
  const journal = createJournal()

  beforeAll(async () => {
    platform = await startColumn()
    acme = await platform.client('member', 'acme')
    const foreigner = await platform.client('member', 'globex', { journal })
    accessToken = String(await foreigner.session.getAccessToken())
    const accepted = await acme.rest.deployments.create('acme', { instanceType: 'odoo', name: `ERP ${SECRET}`, instanceId: 'acme-private-erp' })
    deploymentId = accepted.deploymentId
    const { rest } = platform.service('acme')
    await rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_progress', data: { deploymentId: `own-${SECRET}`, instanceType: 'odoo', progress: 5, logs: [SECRET] } })
    await rest.logs.append({ tenantId: 'acme', deploymentId: `own-${SECRET}` }, { lines: [SECRET] })
    await until(async () => (await rest.deployments.get('acme', deploymentId)).deployment.status === 'completed', { timeoutMs: 120_000, everyMs: 100, what: 'the end of the deployment' })
    markers = [SECRET, deploymentId, 'acme-private-erp', 'member@acme.example', acme.session.user?.id ?? 'no user']
    before = await describeAcme()
  })
  afterAll(async () => { await platform?.stop() })

  /** Everything of acme that a foreign act could have changed. */
  async function describeAcme(): Promise<string> {
    const { rest } = platform.service('acme')
    const channels = ['tenant:acme:deployments', 'tenant:acme:alerts', `tenant:acme:deployments:${deploymentId}`]
    return JSON.stringify([
      await Promise.all(channels.map(async channel => (await rest.events.history({ channel })).seq)),
      (await rest.deployments.list('acme')).deployments,
      (await rest.instances.list('acme')).instances,
    ])
  }

  async function knock(door: Door, id: string, as: { token?: string } = {}): Promise<{ status: number, body: string, headers: string }> {
    const response = await fetch(platform.url + door.path(id), {
      method: door.method,
      headers: { 'authorization': `Bearer ${as.token ?? accessToken}`, ...door.body && { 'content-type': 'application/json' } },
      ...door.body && { body: JSON.stringify(door.body(id)) },
    })
    const body = await response.text()
    if (!as.token) journal.transcribe(`globex: ${door.name} ${response.status}`, body)
    const headers = [...response.headers].filter(([name]) => !/^(date|x-request-id|ratelimit|traceparent|keep-alive|content-length)/.test(name)).join('\n')
    return { status: response.status, body: body.replaceAll(id, '<id>'), headers }
  }

  test.each(deploymentDoors)('gets the same 404 at $name whether it exists or not', async door => {
    const existing = await knock(door, deploymentId)
    expect(existing.status).toBe(404)
    expect(existing).toEqual(await knock(door, 'no-such-deployment'))
  })

  test.each(tenantDoors)('gets the same 404 at $name whether the tenant exists or not', async door => {
    const existing = await knock(door, 'acme')
    expect(existing.status).toBe(404)
    expect(existing).toEqual(await knock(door, 'no-such-tenant'))
  })

  test.each(tenantDoors.filter(({ path }) => !path('x').includes('metrics')))('is let in at $name of its own tenant or told 403, never 404', async door => {
    expect([200, 201, 202, 403]).toContain((await knock(door, 'globex')).status)
  })

  test('gets a token for its own channels only, and the same refusal for what exists and what does not', async () => {
    const ask = async (channels: string[]): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${platform.url}/v1/realtime/subscription-tokens`, {
        method: 'POST', body: JSON.stringify({ channels }), headers: { 'authorization': `Bearer ${accessToken}`, 'content-type': 'application/json' },
      })
      return (await answer.json() as { tokens: Record<string, unknown> }).tokens
    }
    const own = 'tenant:globex:deployments'
    const foreign = ['tenant:acme:deployments', `tenant:acme:deployments:${deploymentId}`, 'tenant:acme:metrics', 'tenant:acme:alerts', `user:acme/${acme.session.user?.id}`]
    const absent = ['tenant:nobody:deployments', 'tenant:acme:deployments:no-such', `user:acme/${randomUUID()}`]
    const tokens = await ask([own, ...foreign, ...absent, 'admin:metrics', 'tenant:globex:billing'])
    expect(tokens[own]).toEqual(expect.any(String))
    const refusals = [...foreign, ...absent].map(channel => JSON.stringify(tokens[channel]))
    expect(new Set(refusals).size).toBe(1)
    expect(tokens[foreign[0] ?? '']).toMatchObject({ error: { code: 'not_found' } })
    expect(tokens['admin:metrics']).toMatchObject({ error: { code: 'forbidden' } })
    expect(tokens['tenant:globex:billing']).toMatchObject({ error: { code: 'forbidden' } })
  })

  test('is as foreign to the operators\' figures, and acme\'s key as foreign to globex', async () => {
    const read = async (path: string, token: string): Promise<number> => (await fetch(platform.url + path, { headers: { authorization: `Bearer ${token}` } })).status
    expect([403, 404]).toContain(await read('/v1/admin/metrics', accessToken))
    expect(await read('/v1/tenants/globex/deployments', platform.keys['acme'] ?? '')).toBe(404)
  })

  test('left nothing of acme changed and learned nothing of it', async () => {
    expect(await describeAcme()).toBe(before)
    expect(journal.transcripts.length).toBeGreaterThan(deploymentDoors.length + tenantDoors.length)
    expect(findLeaks(journal.transcripts, markers)).toEqual([])
  })
})

describe('without identity', () => {
  let platform: TestPlatform
  beforeAll(async () => { platform = await startColumn() })
  afterAll(async () => { await platform?.stop() })

  test.each([...deploymentDoors, ...tenantDoors])('$name is 401', async door => {
    const answer = await fetch(platform.url + door.path('acme'), {
      method: door.method, ...door.body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(door.body('acme')) },
    })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'unauthenticated' })
  })

  test.each(['viewer', 'member', 'manager', 'owner'] as const)('a %s deploys as the access table says', async role => {
    const client = await platform.client(role)
    const creating = client.rest.deployments.create('acme', { instanceType: 'netbox' })
    if (role === 'viewer') await expect(creating).rejects.toMatchObject({ status: 403, code: 'forbidden' })
    else expect(await creating).toMatchObject({ instanceId: expect.any(String) })
  })

  test('a viewer neither cancels nor retries nor writes to a log', async () => {
    const { deploymentId } = await (await platform.client('member')).rest.deployments.create('acme', { instanceType: 'odoo' })
    const { rest } = await platform.client('viewer')
    await expect(rest.deployments.cancel('acme', deploymentId)).rejects.toMatchObject({ status: 403 })
    await expect(rest.deployments.retry('acme', deploymentId)).rejects.toMatchObject({ status: 403 })
    await expect(rest.logs.append({ tenantId: 'acme', deploymentId }, { lines: ['x'] })).rejects.toMatchObject({ status: 403 })
  })

  test('an operator reads a tenant and writes nothing in it', async () => {
    const { rest } = await platform.operator()
    expect(await rest.deployments.list('acme')).toHaveProperty('deployments')
    await expect(rest.deployments.create('acme', { instanceType: 'odoo' })).rejects.toMatchObject({ status: 403 })
  })
})

describe('a token that is not for this person and this channel', () => {
  const channel = 'tenant:acme:alerts'
  let platform: TestPlatform
  let signing: { key: CryptoKey, kid: string }
  let strangerKey: CryptoKey
  let publicJwk: JWK
  let foreigner: Client
  let acmeUser: string
  let globexUser: string
  const journal: Journal = createJournal()
  const sockets: RawSocket[] = []

  beforeAll(async () => {
    platform = await startColumn()
    const [jwk] = platform.signingKeys.keys
    if (!jwk) throw new Error('the platform signs with no key')
    const imported = await importJWK(jwk, 'ES256')
    if (imported instanceof Uint8Array) throw new TypeError('a symmetric key')
    signing = { key: imported, kid: jwk.kid ?? '' }
    strangerKey = (await generateKeyPair('ES256', { extractable: true })).privateKey
    publicJwk = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)
    const acme = await platform.client('member', 'acme')
    foreigner = await platform.client('member', 'globex')
    acmeUser = `acme/${acme.session.user?.id}`
    globexUser = `globex/${foreigner.session.user?.id}`
  })
  afterAll(async () => {
    for (const socket of sockets) socket.close()
    await platform?.stop()
  })

  interface Forged { sub?: string, channel?: string, seconds?: number, key?: CryptoKey, kid?: string, typ?: string, audience?: string, issuer?: string, alg?: string }

  function sign(purpose: 'connection' | 'subscription' | 'access', { sub = globexUser, channel: name, seconds = 60, key = signing.key, kid = signing.kid, ...rest }: Forged = {}): Promise<string> {
    const own = platform.tokenPurposes[purpose]
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT(name === undefined ? {} : { channel: name })
      .setProtectedHeader({ alg: 'ES256', kid, typ: rest.typ ?? own.typ })
      .setSubject(sub).setAudience(rest.audience ?? own.audience).setIssuer(rest.issuer ?? platform.issuer)
      .setIssuedAt(now + Math.min(0, seconds) - 1).setExpirationTime(now + seconds).sign(key)
  }

  const unsigned = (claims: { sub: string, channel?: string }, purpose: 'connection' | 'subscription'): string => {
    const { audience } = platform.tokenPurposes[purpose]
    return new UnsecuredJWT(claims).setAudience(audience).setIssuer(platform.issuer).setExpirationTime('1m').setIssuedAt().encode()
  }

  async function connect(token: string): Promise<{ socket: RawSocket, reply: Frame }> {
    const socket = await openRawSocket(platform.url, { journal, source: 'globex: frame' })
    sockets.push(socket)
    return { socket, reply: await socket.ask({ connect: { token } }) }
  }

  async function isDeaf(socket: RawSocket): Promise<boolean> {
    await platform.service('acme').rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message: SECRET } })
    const pong = await socket.ask({ presence: { channel: 'x' } }).catch(() => ({}))
    return pong !== undefined && !JSON.stringify(socket.frames).includes(SECRET)
  }

  test('the kit signs tokens that are let in, so that the refusals below mean something', async () => {
    const { socket, reply } = await connect(await sign('connection'))
    expect(reply).toHaveProperty('connect.client')
    const own = 'tenant:globex:alerts'
    expect(await socket.ask({ subscribe: { channel: own, token: await sign('subscription', { channel: own }) } })).toHaveProperty('subscribe')
  })

  // Centrifugo takes its time to close such a socket: at once they wait together.
  test.concurrent.each([
    ['signed by a stranger', () => sign('connection', { key: strangerKey })],
    ['signed by a stranger under an unknown key id', () => sign('connection', { key: strangerKey, kid: 'stranger' })],
    ['without a signature (alg none)', () => Promise.resolve(unsigned({ sub: acmeUser }, 'connection'))],
    ['made for the API', () => sign('access')],
    ['made for a subscription', () => sign('subscription', { channel })],
    ['for another audience', () => sign('connection', { audience: 'somebody-else' })],
    ['of another issuer', () => sign('connection', { issuer: 'somebody-else' })],
    ['with changed claims', async () => {
      const [header, , signature] = (await sign('connection')).split('.')
      return [header, Buffer.from(JSON.stringify({ sub: acmeUser, exp: 9_999_999_999 })).toString('base64url'), signature].join('.')
    }],
    ['signed with the public key as a secret (HS256)', () => new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: signing.kid, typ: platform.tokenPurposes.connection.typ })
      .setSubject(acmeUser).setAudience(platform.tokenPurposes.connection.audience).setIssuer(platform.issuer).setIssuedAt().setExpirationTime('1m')
      .sign(new TextEncoder().encode(JSON.stringify(publicJwk)))],
    ['that is no token', () => Promise.resolve('a.b.c')],
  ])('opens no connection: %s', async (_name, make) => {
    const { reply } = await connect(await make())
    expect(reply).toEqual({ closed: { code: 3500, reason: 'invalid token' } })
  })

  test('opens no connection when it has expired', async () => {
    const { reply } = await connect(await sign('connection', { seconds: -60 }))
    expect(reply).toMatchObject({ error: { code: 109 } })
  })

  test('opens no connection without any', async () => {
    const { reply } = await connect('')
    expect(reply).toHaveProperty('closed.code', 3501)
  })

  test.each([
    ['none at all', 'refused', () => Promise.resolve('')],
    ['one signed by a stranger', 'refused', () => sign('subscription', { channel, key: strangerKey })],
    ['one without a signature (alg none)', 'refused', () => Promise.resolve(unsigned({ sub: globexUser, channel }, 'subscription'))],
    ['somebody else\'s', 'cut', () => sign('subscription', { sub: acmeUser, channel })],
    ['one of another channel', 'cut', () => sign('subscription', { channel: 'tenant:globex:alerts' })],
    ['a connection token', 'refused', () => sign('connection')],
    ['an access token', 'refused', async () => String(await foreigner.session.getAccessToken())],
  ] as const)('subscribes to nothing: %s is %s', async (_name, outcome, make) => {
    const { socket } = await connect(await sign('connection'))
    const reply = await socket.ask({ subscribe: { channel, token: await make() } })
    // A token that is valid for something else is an attack, not a mistake: the real server ends the connection too.
    if (outcome === 'cut') expect(reply).toEqual({ closed: { code: 3500, reason: 'invalid token' } })
    else expect(reply).toMatchObject({ error: { code: 103 } })
    expect(await isDeaf(socket)).toBe(true)
  })

  test('subscribes to nothing when it has expired', async () => {
    const { socket } = await connect(await sign('connection'))
    expect(await socket.ask({ subscribe: { channel, token: await sign('subscription', { channel, seconds: -60 }) } })).toMatchObject({ error: { code: 109 } })
    expect(await isDeaf(socket)).toBe(true)
  })

  test('reads neither history nor presence of a channel and publishes to none', async () => {
    const { socket } = await connect(await sign('connection'))
    for (const command of ['history', 'presence', 'presence_stats']) {
      expect(await socket.ask({ [command]: { channel } })).toMatchObject({ error: { code: expect.toSatisfy((code: number) => code === 103 || code === 108) } })
    }
    expect(await socket.ask({ publish: { channel: 'tenant:globex:alerts', data: {} } })).toMatchObject({ error: { code: 103 } })
    expect(await isDeaf(socket)).toBe(true)
  })

  test('is refused by the API when it was made for realtime', async () => {
    for (const token of [await sign('connection'), await sign('subscription', { channel: 'tenant:globex:alerts' }), await sign('access', { key: strangerKey })]) {
      const answer = await fetch(`${platform.url}/v1/tenants/globex/deployments`, { headers: { authorization: `Bearer ${token}` } })
      expect(answer.status).toBe(401)
    }
  })

  test('told nothing of acme in any frame', () => {
    expect(journal.transcripts.length).toBeGreaterThan(15)
    expect(findLeaks(journal.transcripts, [SECRET])).toEqual([])
  })
})
