/** The actors of the authorization matrix: each with what it shows to REST and what it opens a connection with. */

import { createHmac, createPublicKey, randomUUID } from 'node:crypto'
import { importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import type { Client } from '@neo-stack/client'
import type { TestPlatform } from '@neo-stack/testing'
import { isScaleOut } from '../column.ts'
import type { Known, Unknown } from './expected.ts'

/** See the head of this file; empty means that nothing is shown. */
export interface Actor {
  bearer: string
  connectionToken: string
}

/** The tenant that is suspended before the matrix begins, one for each cast. */
const SUSPENDED = 'initech'
/** Age of a cast after which it is made anew: well within the life of its tokens, which is a minute in the scale-out column. */
const FRESH_MS = isScaleOut ? 30_000 : 120_000

/** Everybody, and the people whose own channels are knocked at. */
export interface Cast {
  actors: Record<Known | Unknown, Actor>
  madeAt: number
  /** The member's identifier and the owner's. */
  memberId: string
  ownerId: string
}

/** Whether the tokens of a cast are so old that on a slow machine they might end within a test. */
export const isOld = ({ madeAt }: Cast): boolean => Date.now() - madeAt > FRESH_MS

/** Signs in, forges, revokes and suspends. */
export async function createCast(platform: TestPlatform): Promise<Cast> {
  const madeAt = Date.now()
  const ofPerson = async (role: 'viewer' | 'member' | 'manager' | 'owner', tenantId: string): Promise<Actor & { id: string }> => {
    const { session } = await platform.client(role, tenantId)
    return { ...await withConnection(platform, await takeToken(session)), id: session.user?.id ?? '' }
  }
  const operatorToken = await takeToken((await platform.operator()).session)
  const [member, owner] = [await ofPerson('member', 'acme'), await ofPerson('owner', 'acme')]
  const forged = await forge(platform, member.id)
  return {
    madeAt, memberId: member.id, ownerId: owner.id,
    actors: {
      'globex viewer': await ofPerson('viewer', 'globex'), 'globex owner': await ofPerson('owner', 'globex'),
      'acme viewer': await ofPerson('viewer', 'acme'), 'acme member': member, 'acme manager': await ofPerson('manager', 'acme'), 'acme owner': owner,
      'acme key': await withConnection(platform, platform.keys['acme'] ?? ''), 'operator': await withConnection(platform, operatorToken),
      'nobody': { bearer: '', connectionToken: '' },
      ...forged,
      'revoked': await revoked(platform), 'suspended tenant\'s key': await suspended(platform, operatorToken),
    },
  }
}

/** A session that would renew itself in the middle of a test would leave a trace there that nobody's act has left. */
async function takeToken(session: Client['session']): Promise<string> {
  const token = String(await session.getAccessToken())
  session.close()
  return token
}

async function call(platform: TestPlatform, path: string, { bearer, body, method = 'POST' }: { bearer: string, body?: object, method?: string }): Promise<Record<string, unknown>> {
  const answer = await fetch(platform.url + path, {
    method, headers: { 'authorization': `Bearer ${bearer}`, ...body && { 'content-type': 'application/json' } }, ...body && { body: JSON.stringify(body) },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return text === '' ? {} : JSON.parse(text) as Record<string, unknown>
}

async function withConnection(platform: TestPlatform, bearer: string): Promise<Actor> {
  return { bearer, connectionToken: String((await call(platform, '/v1/realtime/connection-token', { bearer }))['token']) }
}

/** A person whose session was ended while both tokens run. */
async function revoked(platform: TestPlatform): Promise<Actor> {
  const client = await platform.client('member', 'acme')
  const actor = await withConnection(platform, String(await client.session.getAccessToken()))
  await client.session.signOut()
  return actor
}

/** A key whose tenant was suspended after it got its connection token. */
async function suspended(platform: TestPlatform, operator: string): Promise<Actor> {
  const tenantId = `${SUSPENDED}-${randomUUID().slice(0, 8)}`
  await call(platform, '/v1/admin/tenants', { bearer: operator, body: { id: tenantId, name: 'Initech' } })
  const { key } = await call(platform, '/v1/admin/api-keys', { bearer: operator, body: { tenantId, name: 'worker', permissions: ['events:publish', 'deploy:read'] } })
  const actor = await withConnection(platform, String(key))
  await call(platform, `/v1/admin/tenants/${tenantId}/suspend`, { bearer: operator, body: {} })
  return actor
}

type Forged = Exclude<Unknown, 'nobody' | 'revoked' | 'suspended tenant\'s key'>

/** A member of acme in everything but the one thing that is wrong. */
async function forge(platform: TestPlatform, userId: string): Promise<Record<Forged, Actor>> {
  const both = async (make: (purpose: 'access' | 'connection') => Promise<string> | string): Promise<Actor> => ({ bearer: await make('access'), connectionToken: await make('connection') })
  const [jwk] = platform.signingKeys.keys
  if (!jwk) throw new Error('the platform signs with no key')
  const key = await importJWK(jwk, 'ES256') as CryptoKey
  const claims = { roles: ['member'], sid: randomUUID() }
  const now = Math.floor(Date.now() / 1000)
  const headerOf = (purpose: 'access' | 'connection'): { alg: string, kid: string, typ: string } => ({ alg: 'ES256', kid: jwk.kid ?? '', typ: platform.tokenPurposes[purpose].typ })
  const sign = (change: { exp?: number, nbf?: number, aud?: string, iss?: string }) => (purpose: 'access' | 'connection'): Promise<string> =>
    new SignJWT({ ...claims, sub: `acme/${userId}`, iat: now - 100, exp: now + 3600, aud: platform.tokenPurposes[purpose].audience, iss: platform.issuer, ...change })
      .setProtectedHeader(headerOf(purpose)).sign(key)
  const good = sign({})
  const { kty, crv, x, y } = jwk
  const publicPem = createPublicKey({ key: { kty: String(kty), crv: String(crv), x: String(x), y: String(y) }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  return {
    'malformed': { bearer: 'not.a.token', connectionToken: 'not.a.token' },
    'expired': await both(sign({ exp: now - 60 })),
    'not yet valid': await both(sign({ nbf: now + 3600 })),
    'wrong audience': await both(sign({ aud: 'neo:elsewhere' })),
    'wrong issuer': await both(sign({ iss: 'somebody-else' })),
    'alg none': await both(purpose => new UnsecuredJWT({ ...claims, sub: `acme/${userId}` }).setAudience(platform.tokenPurposes[purpose].audience).setIssuer(platform.issuer).setIssuedAt().setExpirationTime('1h').encode()),
    'public key as secret': await both(async purpose => {
      const body = `${Buffer.from(JSON.stringify({ ...headerOf(purpose), alg: 'HS256' })).toString('base64url')}.${(await good(purpose)).split('.')[1]}`
      return `${body}.${createHmac('sha256', publicPem).update(body).digest('base64url')}`
    }),
  }
}
