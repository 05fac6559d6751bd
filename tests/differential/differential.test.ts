/** The same raw dialogues with the engine and with the real Centrifugo, their transcripts compared line by line. */

import { findCentrifugo } from '@neo-stack/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converse, type Dialogue } from './dialogue.ts'
import { clientDialogues } from './dialogues-client.ts'
import { rawDialogues } from './dialogues-raw.ts'
import { differences } from './differences.ts'
import { startEngine, startReal, type Server } from './servers.ts'

const found = findCentrifugo()
const path = 'path' in found ? found.path : ''
const isHere = path !== '' || process.env['NEO_REQUIRE_ALL'] === '1'

const talks = [...clientDialogues, ...rawDialogues].flatMap((dialogue, at) =>
  dialogue.transports.map(transport => ({ dialogue, transport, c: `d${at}${transport.replaceAll(/[^a-z]/g, '')}` })))

const differenceOf = ({ name }: Dialogue, transport: string): string | undefined =>
  differences.find(one => one.name === name && (one.transports ?? [transport]).includes(transport))?.why

it('there are at least two hundred dialogues, each with a name of its own', () => {
  expect(talks.length).toBeGreaterThanOrEqual(200)
  expect(new Set(talks.map(({ dialogue, transport }) => `${dialogue.name} ${transport}`)).size).toBe(talks.length)
})

it('no difference is listed for a dialogue that nobody has', () => {
  expect(differences.map(({ name }) => name).filter(name => !talks.some(({ dialogue }) => dialogue.name === name))).toEqual([])
})

describe.skipIf(!isHere)(isHere ? 'engine and Centrifugo' : 'engine and Centrifugo (skipped: needs centrifugo)', { concurrent: true }, () => {
  let engine: Server
  let real: Server
  beforeAll(async () => { [engine, real] = await Promise.all([startEngine(), startReal(path)]) })
  afterAll(async () => { await Promise.all([engine.stop(), real.stop()]) })

  it.for(talks)('$transport: $dialogue.name', async ({ dialogue, transport, c }, { expect: expectHere }) => {
    const [ours, theirs] = await Promise.all([engine, real].map(({ url }) => converse(url, dialogue, { transport, c })))
    const why = differenceOf(dialogue, transport)
    if (why === undefined) expectHere(ours).toEqual(theirs)
    else expectHere(ours, `it no longer differs (${why}): remove the row`).not.toEqual(theirs)
  })
})
