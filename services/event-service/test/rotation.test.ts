import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Principal } from '@neo-stack/events'
import { createKeySet, readKeySet, type KeySetJson } from '../src/auth/keys.ts'
import { createRotatingKeys, type RotatingKeys } from '../src/auth/rotation.ts'
import { createTokens } from '../src/auth/tokens.ts'
import { startService } from './service.ts'

const principal: Principal = { kind: 'user', userId: '00000000-0000-4000-8000-000000000001', tenantId: 'acme', roles: [], permissions: [] }

async function openKeys(json?: KeySetJson): Promise<{ keys: RotatingKeys, kept: KeySetJson[], advance: (ms: number) => void, now: () => number }> {
  let offset = 0
  const now = (): number => Date.now() + offset
  const kept: KeySetJson[] = []
  const keys = await createRotatingKeys({ keys: json ? await readKeySet(json) : await createKeySet(), keep: one => { kept.push(one) }, now })
  return { keys, kept, now, advance: ms => { offset += ms } }
}

describe('rotation of the signing keys', () => {
  it('refuses no token while keys change under load, here and where the public keys are read', async () => {
    const { keys, now } = await openKeys()
    const tokens = createTokens({ keys, now })
    const all: string[] = []
    const verify = async (token: string): Promise<void> => {
      // Another verifier than the one that signs, so that nothing is answered from its cache.
      await createTokens({ keys, now }).verify('connection', token)
      await jwtVerify(token, createLocalJWKSet(keys.jwks))
    }
    let isDone = false
    const work = async (): Promise<void> => {
      while (!isDone) {
        const { token } = await tokens.signConnection(principal)
        all.push(token)
        await verify(token)
      }
    }
    const workers = [work(), work(), work()]
    const kids = new Set([keys.signing.kid])
    for (let index = 0; index < 12; index++) {
      kids.add(await keys.rotate())
      await tokens.signConnection(principal)
    }
    isDone = true
    await Promise.all(workers)
    expect(kids.size).toBe(13)
    for (const token of all) await verify(token)
    expect(all.length).toBeGreaterThan(12)
  })

  it('accepts an old key until its last token has ended, and not longer', async () => {
    const { keys, kept, now, advance } = await openKeys()
    const old = keys.signing.kid
    await keys.rotate()
    advance(329_000)
    await keys.retire()
    expect(keys.verifying.has(old)).toBe(true)
    advance(2000)
    await keys.retire()
    expect([...keys.verifying.keys()]).toEqual([keys.signing.kid])
    expect(keys.jwks.keys).toHaveLength(1)
    expect(JSON.stringify(kept.at(-1))).not.toContain(old)
    expect(now()).toBeGreaterThan(0)
  })

  it('keeps a new key before it signs, and an old one over a restart', async () => {
    const { keys, kept } = await openKeys()
    const old = keys.signing.kid
    const kid = await keys.rotate()
    const again = await openKeys(kept.at(-1))
    expect(again.keys.signing.kid).toBe(kid)
    expect(again.keys.verifying.has(old)).toBe(true)
    expect(again.keys.secret).toBe(keys.secret)
  })

  it('goes on with the old key when the new one cannot be kept', async () => {
    const keys = await createRotatingKeys({ keys: await createKeySet(), keep: () => { throw new Error('the disk is full') } })
    const { kid } = keys.signing
    await expect(keys.rotate()).rejects.toThrow('disk')
    expect(keys.signing.kid).toBe(kid)
  })

  it('is an operator\'s to ask for; sessions go on', async () => {
    const { keys } = await openKeys()
    const service = await startService({ keys, rotateKeys: keys.rotate })
    const operator = await service.bearer('operator@neo.example')
    const owner = await service.bearer('owner@acme.example')
    const rotate = async (headers: { authorization: string }): Promise<{ statusCode: number }> => service.app.inject({ method: 'POST', url: '/v1/admin/signing-keys/rotations', headers })
    expect((await rotate(owner)).statusCode).toBe(403)
    const before = keys.signing.kid
    expect((await rotate(operator)).statusCode).toBe(204)
    expect(keys.signing.kid).not.toBe(before)
    for (const headers of [operator, owner, await service.bearer('owner@acme.example')]) expect((await service.app.inject({ url: '/v1/session', headers })).statusCode).toBe(200)
    expect((await service.app.inject({ url: '/.well-known/jwks.json' })).json<{ keys: unknown[] }>().keys).toHaveLength(2)
    const trail = await service.database.inTenant('platform', tx => tx.selectFrom('audit').select('action').where('action', '=', 'signing_keys.rotated').execute())
    expect(trail).toHaveLength(1)
    await service.stop()
  })
})
