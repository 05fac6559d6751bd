import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import type { ClientOptions, TokenOptions } from '../src/index.ts'
import { SECRET, inSeconds, manualClock, raw, sign, start } from './kit.ts'

/** The user a token connects as, or the close code. */
async function userOf(options: ClientOptions & { token: TokenOptions }, token: string): Promise<string | number> {
  const { url, engine } = await start({ client: options })
  const { send, next, closed } = await raw(url)
  send({ id: 1, connect: { token } })
  const answer = await Promise.race([next(), closed])
  return Array.isArray(answer) ? answer[0] as number : engine.connections()[0]?.user ?? 'refused'
}

async function keyPair(alg: string): Promise<{ pem: string, signed: (claims?: JWTPayload, as?: string) => Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return {
    pem: await exportSPKI(publicKey),
    signed: (claims = {}, as = alg) => new SignJWT({ sub: 'u', exp: inSeconds(60), ...claims }).setProtectedHeader({ alg: as }).sign(privateKey),
  }
}

describe('a public key as PEM', () => {
  test.each(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'])('verifies %s, and nothing of another key', async alg => {
    const [own, other] = [await keyPair(alg), await keyPair(alg)]
    const token = alg.startsWith('RS') ? { rsaPublicKey: own.pem } : { ecdsaPublicKey: own.pem }
    expect(await userOf({ token }, await own.signed())).toBe('u')
    expect(await userOf({ token }, await other.signed())).toBe(3500)
  })

  test('of one kind does not keep the other kind, a secret or a key set from verifying theirs', async () => {
    const [rsa, ec, inSet] = [await keyPair('RS256'), await keyPair('ES256'), await keyPair('ES256')]
    const token = { rsaPublicKey: rsa.pem, ecdsaPublicKey: ec.pem, hmacSecretKey: SECRET }
    expect([await userOf({ token }, await rsa.signed()), await userOf({ token }, await ec.signed()), await userOf({ token }, await sign({ sub: 'u' }))]).toEqual(['u', 'u', 'u'])
    expect(await userOf({ token }, await inSet.signed())).toBe(3500)
  })

  test('of another curve or kind is an invalid token, no fault', async () => {
    const [p256, p384, rsa] = [await keyPair('ES256'), await keyPair('ES384'), await keyPair('RS256')]
    const faults: unknown[] = []
    const { url } = await start({ client: { token: { ecdsaPublicKey: p256.pem } }, onFault: fault => faults.push(fault) })
    for (const token of [await p384.signed(), await rsa.signed(), await sign({ sub: 'u' }, p256.pem)]) {
      const { send, closed } = await raw(url)
      send({ id: 1, connect: { token } })
      expect((await closed)[0]).toBe(3500)
    }
    expect(faults).toEqual([])
  })
})

test('the previous secret is accepted until its time', async () => {
  const clock = manualClock()
  const token = { hmacSecretKey: SECRET, hmacPreviousSecretKey: 'old', hmacPreviousSecretKeyValidUntil: inSeconds(100) }
  const { url } = await start({ clock, client: { token } })
  const connects = async (secret: string): Promise<boolean> => {
    const { send, next, closed } = await raw(url)
    send({ id: 1, connect: { token: await sign({ sub: 'u', exp: inSeconds(3_600) }, secret) } })
    return Promise.race([next().then(() => true), closed.then(() => false)])
  }
  expect([await connects('old'), await connects(SECRET)]).toEqual([true, true])
  clock.advance(200_000)
  expect([await connects('old'), await connects(SECRET)]).toEqual([false, true])
})

describe('audience and issuer by pattern', () => {
  const token = { hmacSecretKey: SECRET, audienceRegex: '^rt-', issuerRegex: '^https://auth\\.' }
  test.each<[aud: string | string[], iss: string, user: string | number]>([
    ['rt-1', 'https://auth.example', 'u'],
    [['other', 'rt-2'], 'https://auth.example', 'u'],
    ['other', 'https://auth.example', 3500],
    ['rt-1', 'https://evil.example', 3500],
    ['rt-1', '', 3500],
  ])('%j of %j', async (aud, iss, user) => {
    expect(await userOf({ token }, await sign({ sub: 'u', aud, iss }))).toBe(user)
  })
})

test('another claim can name the user, a number too; sub must be text', async () => {
  const token = { hmacSecretKey: SECRET, userIdClaim: 'uid' }
  expect(await userOf({ token }, await sign({ sub: 'other', uid: 'ana' }))).toBe('ana')
  expect(await userOf({ token }, await sign({ uid: 7 }))).toBe('7')
  expect(await userOf({ token }, await sign({ uid: {} }))).toBe(3500)
})
