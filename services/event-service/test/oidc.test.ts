import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '@neo-stack/events'
import { identityProvidersSchema, type IdentityProvider } from '../src/auth/providers.ts'
import { startService, type TestService } from './service.ts'

type Answer = Awaited<ReturnType<TestService['app']['inject']>>

const publicUrl = 'https://events.example'
const api = 'https://api.events.example'

interface Issuer {
  url: string
  /** Requests for its keys. */
  keyRequests: () => number
  /** A JWT access token of the provider itself. */
  accessToken: () => Promise<string>
  server: Server
}

/** The provider library in process: one client, people who are who they say, and JWT access tokens for our API. */
async function startProvider(key: JWK): Promise<Issuer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(url, {
    clients: [{
      client_id: 'neo', client_secret: 'a-secret-of-the-client', redirect_uris: [`${publicUrl}/v1/session/providers/corp/callback`],
      grant_types: ['authorization_code', 'client_credentials'], response_types: ['code'],
    }],
    jwks: { keys: [key as JWK & { kty: 'RSA' }] },
    cookies: { keys: ['a key for cookies'] },
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@acme.example`, email_verified: sub !== 'unverified', name: `Corp ${sub}` }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false }, clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, defaultResource: () => api, useGrantedResource: () => true, getResourceServerInfo: () => ({ scope: 'openid', audience: 'neo-api', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }) },
    },
  })
  let keyRequests = 0
  const answer = provider.callback()
  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { params, prompt } = await provider.interactionDetails(request, response)
    const accountId = request.headers['x-person'] as string
    if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId } })
    const grant = new provider.Grant({ accountId, clientId: params['client_id'] as string })
    grant.addOIDCScope('openid profile email')
    grant.addResourceScope(api, 'openid')
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
  }
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/jwks')) keyRequests++
    if (request.url?.startsWith('/interaction/')) void interact(request, response).catch((error: unknown) => { response.writeHead(500).end(String(error)) })
    else void answer(request, response)
  })
  const accessToken = async (): Promise<string> => {
    const response = await fetch(`${url}/token`, {
      method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', resource: api }),
      headers: { authorization: `Basic ${Buffer.from('neo:a-secret-of-the-client').toString('base64')}` },
    })
    return (await response.json() as { access_token: string }).access_token
  }
  return { url, server, keyRequests: () => keyRequests, accessToken }
}

describe('an identity provider', () => {
  let service: TestService
  let issuer: Issuer
  let other: Issuer
  let keys: { privateKey: CryptoKey, jwk: JWK }
  beforeAll(async () => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    keys = { privateKey, jwk: { ...await exportJWK(privateKey), kid: 'shared', alg: 'RS256', use: 'sig' } }
    const foreign = await generateKeyPair('RS256', { extractable: true })
    issuer = await startProvider(keys.jwk)
    other = await startProvider({ ...await exportJWK(foreign.privateKey), kid: 'shared', alg: 'RS256', use: 'sig' })
    const common = { audience: 'neo-api', isInternal: true, clientId: 'neo', clientSecret: 'a-secret-of-the-client' }
    const identityProviders = identityProvidersSchema.parse([
      { ...common, id: 'corp', name: 'Corp', issuer: issuer.url, tenantId: 'acme', roles: ['member'] },
      { ...common, id: 'other', name: 'Other', issuer: other.url, tenantId: 'globex' },
    ])
    service = await startService({ publicUrl, identityProviders })
  })
  afterAll(async () => {
    await service.stop()
    for (const { server } of [issuer, other]) { server.closeAllConnections(); server.close() }
  })

  const whoIs = (token: string): Promise<Answer> => service.app.inject({ url: '/v1/session', headers: { authorization: `Bearer ${token}` } })
  const sign = (claims: Record<string, unknown> = {}, { header = {}, key = keys.privateKey }: { header?: object, key?: CryptoKey | Uint8Array } = {}): Promise<string> => new SignJWT({
    iss: issuer.url, aud: 'neo-api', sub: 'somebody', iat: Math.floor(service.now() / 1000), exp: Math.floor(service.now() / 1000) + 300, ...claims,
  }).setProtectedHeader({ alg: 'RS256', kid: 'shared', ...header }).sign(key)

  /** Goes to the provider and comes back, as a browser with a cookie jar would. */
  const goThrough = async (person: string): Promise<{ callback: string, cookie: string }> => {
    const start = await service.app.inject({ url: '/v1/session/providers/corp/start?portal=tenant' })
    expect(start.statusCode, start.body).toBe(302)
    const jar = new Map<string, string>()
    let location = String(start.headers.location)
    for (let hops = 0; !location.startsWith(publicUrl) && hops < 10; hops++) {
      const response = await fetch(new URL(location, issuer.url), { redirect: 'manual', headers: { 'cookie': [...jar].map(([name, value]) => `${name}=${value}`).join('; '), 'x-person': person } })
      for (const cookie of response.headers.getSetCookie()) jar.set(cookie.slice(0, cookie.indexOf('=')), cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';')))
      location = response.headers.get('location') ?? `no redirect: ${response.status} ${await response.text()}`
      if (location.startsWith('no redirect')) throw new Error(location)
    }
    return { callback: location.slice(publicUrl.length), cookie: start.cookies.find(({ name }) => name === 'neo_provider_corp')?.value ?? '' }
  }
  const comeBack = (callback: string, cookie: string): Promise<Answer> => service.app.inject({ url: callback, cookies: { neo_provider_corp: cookie } })

  it('opens the API with its own access token, as an account of its tenant', async () => {
    const token = await issuer.accessToken()
    const first = await whoIs(token)
    expect(first.statusCode, first.body).toBe(200)
    expect(first.json<{ user: Session['user'] }>().user).toMatchObject({ tenantId: 'acme', roles: ['member'] })
    expect((await whoIs(token)).json()).toEqual(first.json())
    expect((await whoIs(await other.accessToken())).json<{ user: Session['user'] }>().user).toMatchObject({ tenantId: 'globex', roles: ['viewer'] })
  })

  it('makes one account of many first requests at once', async () => {
    const token = await sign({ sub: 'crowd' })
    const ids = new Set((await Promise.all(Array.from({ length: 8 }, () => whoIs(token)))).map(answer => answer.json<{ user: Session['user'] }>().user.id))
    expect(ids.size).toBe(1)
    const linked = await service.database.inTenant('acme', tx => tx.selectFrom('identities').selectAll().where('subject', '=', 'crowd').execute())
    expect(linked).toHaveLength(1)
  })

  it.each([
    ['another audience', { aud: 'somebody-else' }, {}], ['no audience', { aud: undefined }, {}], ['another issuer', { iss: 'https://evil.example' }, {}],
    ['a list of issuers', { iss: ['x'] }, {}], ['no subject', { sub: undefined }, {}], ['a subject that is a number', { sub: 7 }, {}], ['an end in the past', { exp: 1 }, {}],
    ['no end', { exp: undefined }, {}], ['a beginning to come', { nbf: 4_000_000_000 }, {}], ['a critical header', {}, { crit: ['exp'], exp: 1 }],
  ])('is not believed with %s', async (_name, claims, header) => {
    const token = await sign(claims, { header }).catch(() => 'e30.e30.e30')
    expect((await whoIs(token)).statusCode).toBe(401)
  })

  it('is not believed under an algorithm or a key that is not its own', async () => {
    const stranger = await generateKeyPair('RS256')
    expect((await whoIs(await sign({}, { key: stranger.privateKey }))).statusCode).toBe(401)
    expect((await whoIs(await sign({}, { header: { alg: 'HS256' }, key: Buffer.from(JSON.stringify(keys.jwk)) }))).statusCode).toBe(401)
    const body = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: issuer.url, aud: 'neo-api', sub: 'x', iat: 1, exp: 9_999_999_999 })).toString('base64url')}.`
    expect((await whoIs(body)).statusCode).toBe(401)
    // The same kid at the other issuer is another key.
    expect((await whoIs(await sign({ iss: other.url }))).statusCode).toBe(401)
  })

  it('is not asked again and again for keys that it does not have', async () => {
    await whoIs(await sign())
    const before = issuer.keyRequests()
    for (let index = 0; index < 50; index++) expect((await whoIs(await sign({}, { header: { kid: `bogus-${index}` } }))).statusCode).toBe(401)
    expect(issuer.keyRequests() - before).toBeLessThanOrEqual(1)
  })

  it('does not open for an account that was shut, at once and although the token runs', async () => {
    const token = await sign({ sub: 'leaver' })
    const { user } = (await whoIs(token)).json<{ user: Session['user'] }>()
    const owner = await service.bearer('owner@acme.example')
    expect((await service.app.inject({ method: 'PUT', url: `/v1/tenants/acme/users/${user.id}/roles`, headers: owner, payload: { roles: ['viewer'] } })).statusCode).toBe(200)
    expect((await whoIs(token)).statusCode).toBe(401)
    service.advance(2000)
    const next = await sign({ sub: 'leaver' })
    expect((await whoIs(next)).json<{ user: Session['user'] }>().user.roles).toEqual(['viewer'])
    await service.app.inject({ method: 'POST', url: `/v1/tenants/acme/users/${user.id}/disable`, headers: owner })
    expect((await whoIs(next)).statusCode).toBe(401)
    expect((await whoIs(await sign({ sub: 'leaver', jti: 'new' }))).statusCode).toBe(401)
  })

  it('signs a person in: there, back, and a session of ours', async () => {
    expect((await service.app.inject({ url: '/v1/session/providers' })).json()).toEqual({ providers: [{ id: 'corp', name: 'Corp' }, { id: 'other', name: 'Other' }] })
    const { callback, cookie } = await goThrough('carla')
    const back = await comeBack(callback, cookie)
    expect(back.statusCode, back.body).toBe(303)
    expect(back.headers.location).toBe('/tenant/')
    const refresh = back.cookies.find(({ name }) => name === 'neo_refresh_tenant')
    expect(refresh).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: true })
    const session = await service.app.inject({ method: 'POST', url: '/v1/session/refresh', cookies: { neo_refresh_tenant: refresh?.value ?? '' }, headers: { origin: publicUrl }, payload: { portal: 'tenant' } })
    expect(session.json<Session>().user).toMatchObject({ email: 'carla@acme.example', name: 'Corp carla', tenantId: 'acme', roles: ['member'] })
    expect((await comeBack(callback, cookie)).statusCode).toBe(401)
  })

  it('links an account by a verified address, and not by another', async () => {
    const { callback, cookie } = await goThrough('owner')
    const back = await comeBack(callback, cookie)
    const session = await service.app.inject({ method: 'POST', url: '/v1/session/refresh', cookies: { neo_refresh_tenant: back.cookies.find(({ name }) => name === 'neo_refresh_tenant')?.value ?? '' }, headers: { origin: publicUrl }, payload: { portal: 'tenant' } })
    expect(session.json<Session>().user).toMatchObject({ email: 'owner@acme.example', roles: ['owner'] })
    await service.app.inject({ method: 'POST', url: '/v1/tenants/acme/users', headers: await service.bearer('owner@acme.example'), payload: { email: 'unverified@acme.example', name: 'U', roles: ['owner'] } })
    const tried = await goThrough('unverified')
    expect((await comeBack(tried.callback, tried.cookie)).statusCode).toBe(401)
  })

  it('is not believed by a browser that did not begin there', async () => {
    const { callback, cookie } = await goThrough('dora')
    const elsewhere = (await service.app.inject({ url: '/v1/session/providers/corp/start?portal=tenant' })).cookies[0]?.value ?? ''
    for (const wrong of ['', elsewhere, `${cookie}x`, cookie.replace('.', 'A.')]) expect((await comeBack(callback, wrong)).statusCode, wrong).toBe(401)
    expect((await comeBack(callback.replace(/state=[^&]+/, 'state=other'), cookie)).statusCode).toBe(401)
    service.advance(600_001)
    expect((await comeBack(callback, cookie)).statusCode).toBe(401)
  })

  it('has to be on the list', async () => {
    expect((await service.app.inject({ url: '/v1/session/providers/evil/start?portal=tenant' })).statusCode).toBe(404)
    expect((await service.app.inject({ url: '/v1/session/providers/corp/start?portal=root' })).statusCode).toBe(400)
  })
})

describe('the list of identity providers', () => {
  const good: Partial<IdentityProvider> = { id: 'corp', name: 'Corp', issuer: 'https://id.example', tenantId: 'acme', audience: 'neo' }
  it.each([
    ['twice the same issuer', [good, { ...good, id: 'again' }]], ['twice the same id', [good, { ...good, issuer: 'https://x.example' }]], ['operators', [{ ...good, tenantId: 'platform' }]],
    ['the operators\' role', [{ ...good, roles: ['admin'] }]], ['no signature', [{ ...good, algorithms: ['none'] }]], ['a shared secret', [{ ...good, algorithms: ['HS256'] }]],
    ['neither client nor audience', [{ ...good, audience: undefined }]], ['an unknown field', [{ ...good, scopes: [] }]],
  ])('refuses %s', (_name, list) => { expect(identityProvidersSchema.safeParse(list).success).toBe(false) })

  it('reaches no private address unless it says so', async () => {
    const { createProviderFetch } = await import('../src/auth/providers.ts')
    const fetch = createProviderFetch({ isInternal: false })
    for (const url of ['http://id.example/x', 'https://127.0.0.1/x', 'https://169.254.169.254/latest', 'https://localhost/x', 'https://[::1]/x', 'https://id.example:22/']) {
      await expect(fetch(url, {})).rejects.toMatchObject({ reason: 'refused' })
    }
  })
})
