import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildCentrifugo, findCentrifugo, startCentrifugo } from '../src/centrifugo.ts'

const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const found = findCentrifugo()
const path = 'path' in found ? found.path : ''
const isHere = path !== '' || isRequired

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neo-empty-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('looking for Centrifugo', () => {
  it('says that Go is missing where it can neither be found nor built', async () => {
    const folder = await emptyFolder()
    expect(await buildCentrifugo({ path: folder, cache: folder })).toEqual({ missing: 'Centrifugo is not built and Go 1.26 is not installed to build it' })
  })

  it('names the command that builds it where Go is there', async () => {
    const cache = await emptyFolder()
    await writeFile(join(cache, 'go'), '')
    expect(findCentrifugo({ path: cache, cache })).toEqual({ missing: 'Centrifugo is not built: run npm run centrifugo' })
  })

  it('takes the binary that is named, and refuses to build another when that one is not there', async () => {
    expect(findCentrifugo({ path: '', centrifugo: process.execPath })).toEqual({ path: process.execPath })
    expect(await buildCentrifugo({ path: '', centrifugo: '/nowhere' })).toEqual({ missing: 'NEO_CENTRIFUGO names /nowhere, which is not there' })
  })
})

describe.skipIf(!isHere)(isHere ? 'a Centrifugo process' : 'a Centrifugo process (skipped: needs centrifugo)', () => {
  it('answers with the version the protocol was read from', async () => {
    await using centrifugo = await startCentrifugo({ path, config: { http_api: { insecure: true } } })
    const info = await fetch(`${centrifugo.url}/api/info`, { method: 'POST', body: '{}' })
    expect(await info.json()).toMatchObject({ result: { nodes: [{ version: '6.9.1 OSS' }] } })
  })

  it('tells why it did not start', async () => {
    await expect(startCentrifugo({ path, config: { channel: { namespaces: [{ name: 'x!' }] } } })).rejects.toThrow(/did not start:\n.*namespace/s)
  })
})
