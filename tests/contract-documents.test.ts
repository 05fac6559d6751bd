import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Parser } from '@asyncapi/parser'
import { validate } from '@readme/openapi-parser'
import openapiTypescript, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestPlatform } from '@neo-stack/testing'
import { startColumn } from './column.ts'

type Document = Record<string, unknown> & { paths: Record<string, unknown> }

/** A program over the generated types, as somebody who has only the document would write it. */
const CLIENT = `
import type { paths } from './api.ts'
type Publish = paths['/v1/events']['post']
type Body = NonNullable<Publish['requestBody']>['content']['application/json']
export async function publish(fetch: typeof globalThis.fetch, body: Body): Promise<Publish['responses'][201]['content']['application/json']> {
  const answer = await fetch('/v1/events', { method: 'POST', body: JSON.stringify(body) })
  return await answer.json()
}
export const place = async (): Promise<string> => {
  const { id, seq, time } = await publish(fetch, { channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'One' } })
  return [id, seq, time].join(' ')
}
`
const WRONG = `
import type { paths } from './api.ts'
type Body = NonNullable<paths['/v1/events']['post']['requestBody']>['content']['application/json']
export const body: Body = { channel: 7 }
`

describe('what the platform says of itself', () => {
  let platform: TestPlatform
  beforeAll(async () => { platform = await startColumn() })
  afterAll(async () => { await platform?.stop() })
  const read = async (path: string): Promise<string> => (await fetch(`${platform.url}${path}`)).text()

  test('its OpenAPI 3.1 document is valid for an OpenAPI parser, which refuses a broken one', async () => {
    const document = JSON.parse(await read('/openapi.json')) as Document
    expect(document['openapi']).toMatch(/^3\.1\./)
    expect(Object.keys(document.paths).length).toBeGreaterThan(50)
    // The parser writes into what it is given.
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true })
    expect(await validate({ ...document, paths: { '/v1/x': { get: { responses: 'none' } } } } as never)).toMatchObject({ valid: false })
  })

  test('its AsyncAPI 3 document is valid for AsyncAPI\'s parser, which refuses a broken one', async () => {
    const text = await read('/asyncapi.json')
    expect((JSON.parse(text) as Document)['asyncapi']).toMatch(/^3\./)
    const faults = async (source: string): Promise<string[]> =>
      (await new Parser().parse(source)).diagnostics.filter(({ severity }) => severity === 0).map(({ message, path }) => `${path.join('.')}: ${message}`)
    expect(await faults(text)).toEqual([])
    expect(await faults(JSON.stringify({ ...JSON.parse(text) as Document, operations: { one: { action: 'shout' } } }))).not.toEqual([])
  })

  test('a client over types generated from the OpenAPI document compiles, and one that sends something else does not', async () => {
    const types = astToString(await openapiTypescript(await read('/openapi.json')))
    const folder = await mkdtemp(join(import.meta.dirname, 'client-'))
    try {
      await Promise.all([writeFile(join(folder, 'api.ts'), types), writeFile(join(folder, 'client.ts'), CLIENT), writeFile(join(folder, 'wrong.ts'), WRONG)])
      expect(compile(join(folder, 'client.ts'))).toEqual([])
      expect(compile(join(folder, 'wrong.ts')).join()).toContain('not assignable to type \'string\'')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

/** What the compiler has to say, at its strictest. */
function compile(file: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.NodeNext, lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'], types: [],
    exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, allowImportingTsExtensions: true,
  }
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options)).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
