/**
 * Every way to get a token wrong (RELIABILITY 5.4): algorithms, header parameters, claims of every JSON type, encodings, and byte by byte.
 * Each verifier is asked all of them.
 */

import { createHmac, createPublicKey } from 'node:crypto'
import { decodeJwt, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters } from 'jose'
import type { Principal } from '@neo-stack/events'
import type { KeySet } from '../src/auth/keys.ts'
import { createTokens, DEFAULT_ISSUER, tokenPurposes, type TokenPurpose, type Tokens } from '../src/auth/tokens.ts'

export const principal: Principal = { kind: 'user', userId: '00000000-0000-4000-8000-000000000001', tenantId: 'acme', roles: ['viewer'], permissions: [] }
const base64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** What JSON can put where a number, a text or a list is expected. */
const strange: readonly [string, unknown][] = [
  ['missing', undefined], ['null', null], ['a boolean', true], ['an object', {}], ['an empty list', []], ['a nested list', [['neo:api']]], ['an empty text', ''], ['a text', 'x'],
  ['a number as text', '9999999999'], ['a date as text', '2099-01-01T00:00:00Z'], ['a negative number', -1], ['zero', 0], ['a fraction below', 0.5], ['not a number', 'NaN'], ['a huge text', 'A'.repeat(10_000)],
  ['a prototype', { __proto__: null, constructor: {} }], ['a number as list', [9_999_999_999]], ['hexadecimal', '0x7fffffff'], ['a text with a zero byte', 'neo\0'], ['white space', ' '],
]

/** One wrong token. */
export interface WrongToken {
  name: string
  purpose: TokenPurpose
  make: () => Promise<string> | string
}

/** See the head of this file. */
export interface WrongTokens {
  cases: WrongToken[]
  tokens: Tokens
  good: Record<TokenPurpose, string>
  /** A token with nothing wrong but what is changed, signed by the platform's own key. */
  sign: (purpose: TokenPurpose, change?: { header?: object, claims?: object, key?: CryptoKey }) => Promise<string>
}

/** Makes them over a key set. */
export async function createWrongTokens(keys: KeySet): Promise<WrongTokens> {
  const tokens = createTokens({ keys })
  const stranger = (await generateKeyPair('ES256')).privateKey
  const rsa = await generateKeyPair('RS256', { extractable: true })
  const good: Record<TokenPurpose, string> = {
    access: (await tokens.signAccess({ ...principal, roles: ['viewer'], sessionId: 's' })).token,
    connection: (await tokens.signConnection(principal)).token,
    subscription: (await tokens.signSubscription(principal, 'tenant:acme:alerts')).token,
  }

  const headerOf = (purpose: TokenPurpose): JWTHeaderParameters => ({ alg: 'ES256', typ: tokenPurposes[purpose].typ, kid: keys.signing.kid })

  /** Signed by our own key whatever it says: only the check of what it says can refuse it. */
  async function sign(purpose: TokenPurpose, { header = {}, claims = {}, key = keys.signing.key }: { header?: object, claims?: object, key?: CryptoKey } = {}): Promise<string> {
    const body = `${base64({ ...headerOf(purpose), ...header })}.${base64({ ...decodeJwt(good[purpose]), ...claims })}`
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(body))
    return `${body}.${Buffer.from(signature).toString('base64url')}`
  }

  const cases: WrongToken[] = []
  const add = (name: string, make: (purpose: TokenPurpose) => Promise<string> | string): void => {
    for (const purpose of Object.keys(tokenPurposes) as TokenPurpose[]) cases.push({ name, purpose, make: () => make(purpose) })
  }

  for (const alg of ['none', 'None', 'nOnE', 'NONE', '', 'HS256', 'HS384', 'HS512', 'RS256', 'RS512', 'PS256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'Ed25519', 'es256', 'ES256 ', 'RSA1_5', 'dir', 'PBES2-HS256+A128KW']) {
    add(`alg ${alg} over our signature`, purpose => sign(purpose, { header: { alg } }))
    add(`alg ${alg} without a signature`, purpose => `${base64({ ...headerOf(purpose), alg })}.${base64(decodeJwt(good[purpose]))}.`)
  }
  for (const hash of ['sha256', 'sha384', 'sha512']) {
    for (const [what, secretOf] of [
      ['PEM', (): string => createPublicKey({ key: { ...keys.jwks.keys[0] }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()],
      ['JWK', (): string => JSON.stringify(keys.jwks.keys[0])], ['x', (): string => String(keys.jwks.keys[0]?.x)], ['kid', (): string => keys.signing.kid], ['nothing', (): string => ''],
    ] as const) {
      add(`HMAC (${hash}) with the public key's ${what} as secret`, purpose => {
        const body = `${base64({ ...headerOf(purpose), alg: hash.replace('sha', 'HS') })}.${base64(decodeJwt(good[purpose]))}`
        return `${body}.${createHmac(hash, secretOf()).update(body).digest('base64url')}`
      })
    }
  }
  add('signed by a stranger', purpose => sign(purpose, { key: stranger }))
  add('signed by a stranger\'s RSA key', purpose => new SignJWT(decodeJwt(good[purpose])).setProtectedHeader({ ...headerOf(purpose), alg: 'RS256' }).sign(rsa.privateKey))
  add('with an all-zero signature', purpose => `${good[purpose].split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`)
  add('with a signature of ones', purpose => `${good[purpose].split('.').slice(0, 2).join('.')}.${Buffer.alloc(64, 255).toString('base64url')}`)
  add('with half a signature', purpose => good[purpose].slice(0, -43))
  add('with a DER signature', purpose => `${good[purpose].split('.').slice(0, 2).join('.')}.${base64('\x30\x44\x02\x20'.padEnd(70, 'x'))}`)
  for (const [what, value] of strange) {
    for (const field of ['alg', 'typ', 'kid']) add(`${field} ${what}`, purpose => sign(purpose, { header: { [field]: value } }))
    for (const field of ['exp', 'iat', 'sub', 'aud', 'iss'] as const) {
      // A start long ago and a subject of any text are for who reads the claims to judge.
      if (field === 'iat' && typeof value === 'number' || field === 'sub' && typeof value === 'string') continue
      add(`${field} ${what}`, purpose => sign(purpose, { claims: { [field]: value } }))
    }
    if (value !== undefined && typeof value !== 'number') add(`nbf ${what}`, purpose => sign(purpose, { claims: { nbf: value } }))
  }
  for (const kid of ['../../etc/passwd', '/dev/null', '\' or 1=1 --', 'x'.repeat(10_240), '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'http://127.0.0.1/jwks.json', 'a\0b', '%00']) {
    add(`kid ${kid.slice(0, 30)}`, purpose => sign(purpose, { header: { kid } }))
  }
  for (const field of ['jku', 'x5u']) add(`${field} of a stranger, signed by that one`, purpose => sign(purpose, { header: { kid: undefined, [field]: 'http://127.0.0.1:1/keys' }, key: stranger }))
  add('jwk of a stranger, signed by that one', async purpose => {
    const own = await generateKeyPair('ES256', { extractable: true })
    return sign(purpose, { header: { jwk: await crypto.subtle.exportKey('jwk', own.publicKey) }, key: own.privateKey })
  })
  add('x5c of a stranger', async purpose => sign(purpose, { header: { x5c: [(await exportSPKI(rsa.publicKey)).replaceAll(/-.*-|\n/g, '')] }, key: stranger }))
  for (const crit of [['exp'], ['b64'], ['x'], [], 'exp', [1], null]) add(`crit ${JSON.stringify(crit)}`, purpose => sign(purpose, { header: { crit, x: 1, b64: true } }))
  add('with a payload that is not encoded (b64 false)', purpose => sign(purpose, { header: { b64: false, crit: ['b64'] } }))
  for (const typ of ['JWT', 'jwt', 'at+JWT2', 'application/at', 'neo-connection', 'at+jwt ', ...Object.values(tokenPurposes).map(({ typ: own }) => own)]) {
    add(`typ ${typ} of another purpose`, purpose => typ === tokenPurposes[purpose].typ ? sign(purpose, { key: stranger }) : sign(purpose, { header: { typ } }))
  }
  for (const aud of ['neo', 'NEO:API', 'neo:api ', 'neo:', ['neo'], ['x', 'y'], { 0: 'neo:api' }]) add(`aud ${JSON.stringify(aud)}`, purpose => sign(purpose, { claims: { aud } }))
  for (const iss of ['neo', 'NEO-STACK', 'neo-stack/', 'https://neo-stack', `${DEFAULT_ISSUER} `, [DEFAULT_ISSUER], [DEFAULT_ISSUER, 'x']]) add(`iss ${JSON.stringify(iss)}`, purpose => sign(purpose, { claims: { iss } }))
  add('that ended a second ago', purpose => sign(purpose, { claims: { exp: Math.floor(Date.now() / 1000) - 1 } }))
  add('that begins in an hour', purpose => sign(purpose, { claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }))
  for (const [what, spell] of [
    ['padding', (part: string) => `${part}=`], ['a space behind', (part: string) => `${part} `], ['a space before', (part: string) => ` ${part}`], ['a new line', (part: string) => `${part}\n`],
    ['plain base64', (part: string) => `${part.slice(0, -1)}+`], ['a zero byte', (part: string) => `${part}\0`], ['nothing', () => ''], ['a letter too many', (part: string) => `${part}A`],
  ] as const) {
    for (const index of [0, 1, 2]) add(`part ${index} with ${what}`, purpose => good[purpose].split('.').map((part, at) => at === index ? spell(part) : part).join('.'))
  }
  add('with a part too many', purpose => `${good[purpose]}.`)
  add('with parts of a JWE', purpose => `${good[purpose]}.a.b`)
  add('with a part too few', purpose => good[purpose].split('.').slice(0, 2).join('.'))
  add('in JSON', purpose => JSON.stringify({ payload: good[purpose].split('.')[1], protected: good[purpose].split('.')[0], signature: good[purpose].split('.')[2] }))
  add('in another token', async purpose => sign(purpose, { header: { cty: 'JWT' }, claims: { sub: undefined, jwt: good[purpose] } }))
  add('encrypted and compressed', () => `${base64({ alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 2_147_483_647, p2s: 'x', zip: 'DEF' })}.a.b.c.d`)
  for (const other of Object.keys(tokenPurposes) as TokenPurpose[]) {
    add(`made for ${other} and no other`, purpose => purpose === other ? sign(purpose, { key: stranger }) : good[other])
    add(`with the header of ${other}`, purpose => purpose === other ? good[purpose].slice(1) : [good[other].split('.')[0], ...good[purpose].split('.').slice(1)].join('.'))
  }
  for (const payload of ['', 'null', '[]', '0', '"x"', 'true', '{', '{}', '{"sub":', '\u{feff}{}', '[{}]', '{"exp":1e400}']) {
    add(`with ${payload || 'nothing'} for claims`, async purpose => {
      const body = `${base64(headerOf(purpose))}.${base64(payload)}`
      return `${body}.${Buffer.from(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.signing.key, Buffer.from(body))).toString('base64url')}`
    })
  }
  return { cases, tokens, good, sign }
}

/** The signature with each of its bits turned. */
export function turnBits(token: string): string[] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const turned = Buffer.from(bytes)
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return `${head}.${body}.${turned.toString('base64url')}`
  })
}

/** Random changes of a token, the same ones each time; none of them is the token. */
export function* mutantsOf(token: string, count: number): Generator<string> {
  let state = 20_261_124
  const random = (below: number): number => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0
    return (state >>> 8) % below
  }
  for (let made = 0; made < count; made++) {
    const mutant = mutate(token, random)
    if (mutant !== token) yield mutant
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \0é'

/** One to four characters replaced, taken out, put in, or two pieces exchanged. */
function mutate(token: string, random: (below: number) => number): string {
  let text = token
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(text.length)
    const kind = random(4)
    const character = ALPHABET[random(ALPHABET.length)] ?? 'A'
    if (kind === 0) text = text.slice(0, at) + character + text.slice(at + 1)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1)
    else if (kind === 2) text = text.slice(0, at) + character + text.slice(at)
    else text = text.slice(at) + text.slice(0, at)
  }
  return text
}
