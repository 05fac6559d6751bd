import { createHmac, createPublicKey } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '@neo-stack/events'
import { createKeySet, readKeySet, rotateKeySet, type KeySet } from '../src/auth/keys.ts'
import { createTokens, tokenPurposes, userOf, type TokenPurpose, type Tokens } from '../src/auth/tokens.ts'

const purposes = Object.keys(tokenPurposes) as TokenPurpose[]
const principal: Principal = { kind: 'user', userId: '00000000-0000-4000-8000-000000000001', tenantId: 'acme', roles: ['viewer'], permissions: [] }

describe('tokens', () => {
  let keys: KeySet
  let tokens: Tokens
  let good: Record<TokenPurpose, string>
  beforeAll(async () => {
    keys = await createKeySet()
    tokens = createTokens({ keys })
    good = {
      access: (await tokens.signAccess({ ...principal, roles: ['viewer'], sessionId: 's' })).token,
      connection: (await tokens.signConnection(principal)).token,
      subscription: (await tokens.signSubscription(principal, 'tenant:acme:alerts')).token,
    }
  })

  const refuses = (token: string, purpose: TokenPurpose = 'access', by: Tokens = tokens): Promise<void> =>
    expect(by.verify(purpose, token)).rejects.toMatchObject({ code: 'unauthenticated' })

  it.each(purposes.flatMap(made => purposes.map(door => [made, door] as const)))('lets a token made for %s through the door of %s only when they are one', async (made, door) => {
    if (made !== door) return refuses(good[made], door)
    await expect(tokens.verify(door, good[made])).resolves.toMatchObject({ sub: userOf(principal) })
  })

  it('live five minutes at most and say whose they are', () => {
    for (const purpose of purposes) {
      const { iat = 0, exp = 0, sub, iss, aud } = decodeJwt(good[purpose])
      expect(exp - iat).toBe(300)
      expect({ sub, iss, aud }).toEqual({ sub: 'acme/00000000-0000-4000-8000-000000000001', iss: 'neo-stack', aud: tokenPurposes[purpose].audience })
    }
    expect(decodeJwt(good.subscription)).toMatchObject({ channel: 'tenant:acme:alerts' })
    expect(decodeJwt(good.connection)).toMatchObject({ info: { kind: 'user' } })
  })

  it('shorten realtime tokens for scale-out and never lengthen them', async () => {
    for (const [realtimeSeconds, life] of [[60, 60], [3600, 300]] as const) {
      const { iat = 0, exp = 0 } = decodeJwt((await createTokens({ keys, realtimeSeconds }).signConnection(principal)).token)
      expect(exp - iat).toBe(life)
    }
  })

  it('end at their second, also when they were verified before', async () => {
    let now = Date.now()
    const own = createTokens({ keys, now: () => now })
    const { token, expiresAt } = await own.signConnection(principal)
    await own.verify('connection', token)
    now = Date.parse(expiresAt) - 1
    await own.verify('connection', token)
    now += 1
    await refuses(token, 'connection', own)
  })

  it('of another issuer or another key are refused', async () => {
    await refuses((await createTokens({ keys, issuer: 'somebody' }).signConnection(principal)).token, 'connection')
    await refuses((await createTokens({ keys: await createKeySet() }).signConnection(principal)).token, 'connection')
  })

  const header = (): Record<string, string> => ({ alg: 'ES256', typ: tokenPurposes.access.typ, kid: keys.signing.kid })
  const claims = (): JWTPayload => ({ ...decodeJwt(good.access) })
  const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

  it('signed with the public key as a secret, or not at all, are refused', async () => {
    const [jwk] = keys.jwks.keys
    const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const body = `${base64({ ...header(), alg: 'HS256' })}.${base64(claims())}`
    for (const secret of [pem, JSON.stringify(jwk), jwk?.x ?? '']) await refuses(`${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`)
    await refuses(new UnsecuredJWT(claims()).encode())
    await refuses(`${base64({ ...header(), alg: 'none' })}.${base64(claims())}.`)
  })

  it.each([
    ['without a kid', { kid: undefined }, {}],
    ['with an unknown kid', { kid: 'other' }, {}],
    ['without a typ', { typ: undefined }, {}],
    ['with the typ of plain tokens', { typ: 'JWT' }, {}],
    ['without an end', {}, { exp: undefined }],
    ['without a start', {}, { iat: undefined }],
    ['without a subject', {}, { sub: undefined }],
    ['without an audience', {}, { aud: undefined }],
    ['for a moment to come', {}, { nbf: 4_000_000_000 }],
    ['with a critical header nobody knows', { crit: ['x'], x: 1 }, {}],
  ])('%s are refused although the signature is right', async (_name, change, claim) => {
    const sign = new SignJWT({ ...claims(), ...claim } as JWTPayload).setProtectedHeader({ ...header(), ...change } as never)
    const token = await sign.sign(keys.signing.key, { crit: { x: true } })
    await refuses(token)
  })

  it('changed in any one place are refused', async () => {
    for (let index = 0; index < good.access.length; index += 7) {
      const other = good.access[index] === 'A' ? 'B' : 'A'
      await refuses(`${good.access.slice(0, index)}${other}${good.access.slice(index + 1)}`)
    }
    for (const text of ['', '.', '..', 'a.b.c', good.access.slice(0, -1), `${good.access}.x`]) await refuses(text)
  })

  it('with another spelling of the same signature are refused: a token has one form', async () => {
    const last = good.access.at(-1) ?? ''
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(character => character !== last)
    for (const character of others) await refuses(good.access.slice(0, -1) + character)
  })

  it('of a connection make no principal, nor do strange subjects', async () => {
    await expect(tokens.verifyAccess(good.connection)).rejects.toMatchObject({ code: 'unauthenticated' })
    for (const sub of ['acme', '/user', 'acme/']) {
      const token = await new SignJWT({ ...claims(), sub }).setProtectedHeader(header() as never).sign(keys.signing.key)
      await expect(tokens.verifyAccess(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    }
  })
})

describe('keys', () => {
  it('survive being kept in a file', async () => {
    const keys = await createKeySet()
    const { token } = await createTokens({ keys }).signConnection(principal)
    const again = await readKeySet(JSON.parse(JSON.stringify(keys)) as ReturnType<KeySet['toJSON']>)
    expect(again.jwks).toEqual(keys.jwks)
    await expect(createTokens({ keys: again }).verify('connection', token)).resolves.toBeDefined()
  })

  it('rotate: the new one signs, the old ones are accepted, the secret stays', async () => {
    const old = await createKeySet()
    const keys = await rotateKeySet(old)
    const { token } = await createTokens({ keys: old }).signConnection(principal)
    const tokens = createTokens({ keys })
    await expect(tokens.verify('connection', token)).resolves.toBeDefined()
    expect(decodeProtectedHeader((await tokens.signConnection(principal)).token).kid).not.toBe(old.signing.kid)
    expect(keys.jwks.keys).toHaveLength(2)
    expect(keys.secret).toBe(old.secret)
  })

  it('show only their public half, each fit for engine and Centrifugo', async () => {
    for (const key of (await rotateKeySet(await createKeySet())).jwks.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      expect(key).toMatchObject({ alg: 'ES256', use: 'sig' })
      await expect(importJWK(key)).resolves.toBeDefined()
    }
  })

  it('are refused when they are none of ours', async () => {
    const { secret, keys } = (await createKeySet()).toJSON()
    await expect(readKeySet({ secret, keys: [] })).rejects.toThrow(TypeError)
    await expect(readKeySet({ secret, keys: keys.map(({ d: _, ...key }) => key) })).rejects.toThrow(TypeError)
    await expect(readKeySet({ secret, keys: keys.map(key => ({ ...key, alg: 'HS256' })) })).rejects.toThrow(TypeError)
  })
})
