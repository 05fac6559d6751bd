import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TokenOptions } from '../src/index.ts'
import { OPEN, SECRET, connected, inSeconds, manualClock, raw, sign, start } from './kit.ts'
import type { Raw } from './kit.ts'

type Answer = Record<string, unknown> | readonly [number, string]

/** What a token is answered with: the reply, or the close. */
async function present(url: string, token: string): Promise<Answer> {
  const { send, next, closed } = await raw(url)
  send({ id: 1, connect: { token } })
  return Promise.race([next(), closed])
}

/** A token with any header. */
function signByHand(header: object, hash: string): string {
  const text = [header, { sub: 'u', exp: inSeconds(60) }].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac(hash, SECRET).update(text).digest('base64url')}`
}

const CONNECTED = { connect: {} }
const INVALID = [3500, 'invalid token']
const EXPIRED = { error: { code: 109 } }

describe('connection tokens with a secret', () => {
  test.each<[what: string, token: () => Promise<string> | string, answer: unknown]>([
    ['HS256', () => sign({ sub: 'u' }), CONNECTED],
    ['HS384', () => sign({ sub: 'u' }, SECRET, 'HS384'), CONNECTED],
    ['HS512', () => sign({ sub: 'u' }, SECRET, 'HS512'), CONNECTED],
    ['another secret', () => sign({ sub: 'u' }, 'another'), INVALID],
    ['algorithm none', () => new UnsecuredJWT({ sub: 'u' }).encode(), INVALID],
    ['garbage', () => 'x.y.z', INVALID],
    ['no token at all but text', () => '§', INVALID],
    ['an extension that must be understood', () => signByHand({ alg: 'HS256', crit: ['x'], x: 1 }, 'sha256'), INVALID],
    ['a header that names another algorithm', () => signByHand({ alg: 'HS512' }, 'sha256'), INVALID],
    ['a signature cut short', async () => (await sign({ sub: 'u' })).slice(0, -4), INVALID],
    ['signed by hand', () => signByHand({ alg: 'HS256' }, 'sha256'), CONNECTED],
    ['past exp', () => sign({ sub: 'u', exp: inSeconds(-1) }), EXPIRED],
    ['nbf in the future', () => sign({ sub: 'u', nbf: inSeconds(30) }), EXPIRED],
    ['past expire_at', () => sign({ sub: 'u', expire_at: inSeconds(-1) }), { error: { code: 110 } }],
    ['a channel claim', () => sign({ sub: 'u', channel: 'open:a' }), INVALID],
    ['a user that is no text', () => sign({ sub: 7 as never }), INVALID],
    ['an exp that is no number', () => sign({ sub: 'u', exp: 'soon' as never }), INVALID],
    ['channels that are no list', () => sign({ sub: 'u', channels: 'open:a' }), INVALID],
  ])('%s', async (_, token, answer) => {
    const { url } = await start()
    expect(await present(url, await token())).toMatchObject(answer as object)
  })

  test('another spelling of the same signature is refused: a token has one form', async () => {
    const { url } = await start()
    const token = await sign({ sub: 'u' })
    const last = token.at(-1) ?? ''
    const others = [...'AEIMQUYcgkosw048'].filter(character => character !== last)
    const near = String.fromCharCode(last.charCodeAt(0) + (/[Zz9]/.test(last) ? -1 : 1))
    for (const character of [...others, near]) expect(await present(url, token.slice(0, -1) + character), character).toEqual(INVALID)
  })

  test('claims that must be there, and the name of the key, are asked for where that is said', async () => {
    const { url } = await start({ client: { token: { hmacSecretKey: SECRET, requiredClaims: ['iat'], isKidRequired: true } } })
    const made = (header: object, claims: JWTPayload): Promise<string> =>
      new SignJWT({ sub: 'u', exp: inSeconds(60), ...claims }).setProtectedHeader({ alg: 'HS256', ...header }).sign(Buffer.from(SECRET))
    expect(await present(url, await made({ kid: 'a' }, { iat: inSeconds(-1) }))).toMatchObject(CONNECTED)
    expect(await present(url, await made({}, { iat: inSeconds(-1) }))).toEqual(INVALID)
    expect(await present(url, await made({ kid: 'a' }, {}))).toEqual(INVALID)
  })

  test('the previous secret is accepted besides the present one', async () => {
    const { url } = await start({ client: { token: { hmacSecretKey: SECRET, hmacPreviousSecretKey: 'the old one' } } })
    expect(await present(url, await sign({ sub: 'u' }))).toMatchObject(CONNECTED)
    expect(await present(url, await sign({ sub: 'u' }, 'the old one'))).toMatchObject(CONNECTED)
    expect(await present(url, await sign({ sub: 'u' }, 'a third one'))).toMatchObject(INVALID)
  })

  test('audience, issuer and typ must be as configured', async () => {
    const { url } = await start({ client: { token: { hmacSecretKey: SECRET, audience: 'realtime', issuer: 'us', typ: 'rt+jwt' } } })
    const good = { sub: 'u', aud: 'realtime', iss: 'us' }
    const typed = (claims: JWTPayload, typ: string): Promise<string> =>
      new SignJWT({ exp: inSeconds(60), ...claims }).setProtectedHeader({ alg: 'HS256', typ }).sign(Buffer.from(SECRET))
    expect(await present(url, await typed(good, 'rt+jwt'))).toMatchObject(CONNECTED)
    expect(await present(url, await typed({ ...good, aud: 'other' }, 'rt+jwt'))).toEqual(INVALID)
    expect(await present(url, await typed({ ...good, iss: 'other' }, 'rt+jwt'))).toEqual(INVALID)
    expect(await present(url, await typed(good, 'JWT'))).toEqual(INVALID)
    expect(await present(url, await sign(good))).toEqual(INVALID)
  })

  test('a remembered token is refused once it has expired', async () => {
    const clock = manualClock()
    const { url } = await start({ clock })
    const token = await sign({ sub: 'u', exp: inSeconds(30), expire_at: 0 })
    expect(await present(url, token)).toMatchObject(CONNECTED)
    clock.advance(29_000)
    expect(await present(url, token)).toMatchObject(CONNECTED)
    clock.advance(2_000)
    expect(await present(url, token)).toMatchObject(EXPIRED)
  })
})

describe('connection tokens with a key set', () => {
  const keySet = async (alg: string, kid?: string): Promise<{ jwk: JSONWebKeySet['keys'][number], signer: (claims: JWTPayload) => Promise<string> }> => {
    const { publicKey, privateKey } = await generateKeyPair(alg)
    const jwk = { ...await exportJWK(publicKey), alg, ...(kid !== undefined && { kid }) }
    const header = { alg, ...(kid !== undefined && { kid }) }
    return { jwk, signer: claims => new SignJWT({ exp: inSeconds(60), ...claims }).setProtectedHeader(header).sign(privateKey) }
  }
  const withKeys = (...keys: JSONWebKeySet['keys']): TokenOptions => ({ jwks: { keys: () => ({ keys }) } })

  test.each(['ES256', 'RS256', 'EdDSA'])('%s given in process', async alg => {
    const { jwk, signer } = await keySet(alg)
    const { url } = await start({ client: { token: withKeys(jwk) } })
    expect(await present(url, await signer({ sub: 'u' }))).toMatchObject(CONNECTED)
    expect(await present(url, await signer({ sub: 'u', exp: inSeconds(-1) }))).toMatchObject(EXPIRED)
    expect(await present(url, await (await keySet(alg)).signer({ sub: 'u' }))).toEqual(INVALID)
  })

  test('any of several keys without a key id may have signed', async () => {
    const [first, second] = [await keySet('ES256'), await keySet('ES256')]
    const { url } = await start({ client: { token: withKeys(first.jwk, second.jwk) } })
    expect(await present(url, await second.signer({ sub: 'u' }))).toMatchObject(CONNECTED)
  })

  test('a public key is never taken for a secret', async () => {
    const { jwk } = await keySet('ES256', 'k')
    const { url } = await start({ client: { token: withKeys(jwk) } })
    expect(await present(url, await sign({ sub: 'u' }, JSON.stringify(jwk)))).toEqual(INVALID)
  })

  test('keys that are replaced are refused, remembered tokens included', async () => {
    const [before, after] = [await keySet('ES256', '1'), await keySet('ES256', '2')]
    let set: JSONWebKeySet = { keys: [before.jwk] }
    const { url } = await start({ client: { token: { jwks: { keys: () => set } } } })
    const old = await before.signer({ sub: 'u' })
    expect(await present(url, old)).toMatchObject(CONNECTED)
    set = { keys: [after.jwk] }
    expect(await present(url, await after.signer({ sub: 'u' }))).toMatchObject(CONNECTED)
    expect(await present(url, old)).toEqual(INVALID)
  })

  test('keys are fetched from an endpoint', async () => {
    const { jwk, signer } = await keySet('ES256', 'k')
    const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] })))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => { server.close() })
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
    const { url } = await start({ client: { token: { jwks: { endpoint } } } })
    expect(await present(url, await signer({ sub: 'u' }))).toMatchObject(CONNECTED)
  })

  test('keys that can not be had are a temporary error, told to the application', async () => {
    const faults: unknown[] = []
    const keys = (): Promise<never> => Promise.reject(new Error('no keys today'))
    const { url } = await start({ client: { token: { jwks: { keys } } }, onFault: fault => faults.push(fault) })
    const { signer } = await keySet('ES256')
    expect(await present(url, await signer({ sub: 'u' }))).toEqual({ id: 1, error: { code: 100, message: 'internal server error', temporary: true } })
    expect(faults).toEqual([new Error('no keys today')])
  })
})

describe('subscription tokens', () => {
  const subscribe = async ({ send, next, closed }: Raw, token: string): Promise<Answer> => {
    send({ id: 2, subscribe: { channel: '$open:a', token } })
    return Promise.race([next(), closed])
  }
  const claims = { sub: 'u', channel: '$open:a' }

  test.each<[what: string, claims: JWTPayload, answer: unknown]>([
    ['user and channel right', claims, { subscribe: { expires: true } }],
    ['never expiring', { ...claims, expire_at: 0 }, { id: 2, subscribe: {} }],
    ['another user', { ...claims, sub: 'v' }, INVALID],
    ['no user', { channel: '$open:a' }, INVALID],
    ['another channel', { ...claims, channel: '$open:b' }, INVALID],
    ['another client', { ...claims, client: 'c' }, INVALID],
    ['no channel', { sub: 'u' }, { error: { code: 103 } }],
    ['past exp', { ...claims, exp: inSeconds(-1) }, EXPIRED],
    ['nbf in the future', { ...claims, nbf: inSeconds(30) }, EXPIRED],
    ['past expire_at', { ...claims, expire_at: inSeconds(-1) }, { error: { code: 107 } }],
    ['a channel that is no text', { ...claims, channel: 1 }, { error: { code: 103 } }],
  ])('%s', async (_, payload, answer) => {
    const { url } = await start()
    expect(await subscribe(await connected(url), await sign(payload))).toMatchObject(answer as object)
  })

  test('a token for this very client is good', async () => {
    const { url } = await start()
    const connection = await connected(url)
    expect(await subscribe(connection, await sign({ ...claims, client: connection.client }))).toMatchObject({ subscribe: {} })
  })

  test('their own keys replace those of connection tokens', async () => {
    const { url } = await start({ client: { subscriptionToken: { hmacSecretKey: 'their own' } } })
    expect(await subscribe(await connected(url), await sign(claims))).toMatchObject({ error: { code: 103 } })
    expect(await subscribe(await connected(url), await sign(claims, 'their own'))).toMatchObject({ subscribe: {} })
  })

  test('info of both tokens is what others see', async () => {
    const rules = { ...OPEN, presence: true }
    const { url, engine } = await start({ channel: { namespaces: [{ name: 'open', ...rules }] } })
    const connection = await connected(url, 'u', { info: { name: 'Ann' } })
    await subscribe(connection, await sign({ ...claims, b64info: Buffer.from('{"role":\n"x"}').toString('base64') }))
    expect([...engine.presence('$open:a').values()]).toEqual([{ user: 'u', client: connection.client, connInfo: '{"name":"Ann"}', chanInfo: '{"role": "x"}' }])
  })
})
