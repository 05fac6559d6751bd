/** The service's own verifier is asked every wrong token there is; nothing is let in. */

import { beforeAll, describe, expect, it } from 'vitest'
import { createKeySet } from '../src/auth/keys.ts'
import { tokenPurposes, type TokenPurpose } from '../src/auth/tokens.ts'
import { createWrongTokens, mutantsOf, principal, turnBits, type WrongTokens } from './wrong-tokens.ts'

const MUTANTS = Number(process.env['NEO_TOKEN_MUTANTS'] ?? 50_000)
/** Asked at once. */
const BATCH = 10_000

describe('a token that is wrong in one way', () => {
  let wrong: WrongTokens
  beforeAll(async () => { wrong = await createWrongTokens(await createKeySet()) })

  it('is tried in at least 500 ways', () => {
    expect(wrong.cases.length).toBeGreaterThanOrEqual(500)
  })

  it('is let in when nothing is wrong, so that the refusals mean something', async () => {
    for (const purpose of Object.keys(tokenPurposes) as TokenPurpose[]) {
      await expect(wrong.tokens.verify(purpose, await wrong.sign(purpose))).resolves.toMatchObject({ sub: `acme/${principal.userId}` })
      await expect(wrong.tokens.verify(purpose, wrong.good[purpose])).resolves.toBeDefined()
    }
  })

  it('is refused as no identity in every way', async () => {
    const accepted: string[] = []
    const otherwise: string[] = []
    for (const { name, purpose, make } of wrong.cases) {
      const outcome = await wrong.tokens.verify(purpose, await make()).then(() => 'accepted', (error: unknown) => (error as { code?: string }).code)
      if (outcome === 'accepted') accepted.push(`${purpose}: ${name}`)
      else if (outcome !== 'unauthenticated') otherwise.push(`${purpose}: ${name}: ${outcome}`)
    }
    expect({ accepted, otherwise }).toEqual({ accepted: [], otherwise: [] })
  })

  it(`is refused with any bit of its signature turned, and in ${MUTANTS} random changes`, async () => {
    const token = wrong.good.access
    let asked = 0
    const accepted: string[] = []
    const ask = async (mutants: readonly string[]): Promise<void> => {
      asked += mutants.length
      await Promise.all(mutants.map(mutant => wrong.tokens.verify('access', mutant).then(() => { accepted.push(mutant) }, () => undefined)))
    }
    const batch = turnBits(token)
    for (const mutant of mutantsOf(token, MUTANTS)) {
      batch.push(mutant)
      if (batch.length >= BATCH) await ask(batch.splice(0))
    }
    await ask(batch)
    expect(asked).toBeGreaterThan(MUTANTS * 0.99)
    expect(accepted).toEqual([])
  }, 60_000 + MUTANTS)
})
