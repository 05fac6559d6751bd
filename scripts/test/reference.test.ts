import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { comparePages } from '../pages.ts'
import { renderErrors, renderEvents, renderSettings, typeWords } from '../reference.ts'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})
const emptyRoot = (): string => {
  const root = mkdtempSync(path.join(tmpdir(), 'pages-'))
  made.push(root)
  return root
}
const owned = (): boolean => true

describe('reference pages', () => {
  it('list every error code with its status', () => {
    const text = renderErrors({ gone: { status: 410, detail: 'It is gone | for good.' } })
    expect(text).toContain('| `gone` | 410 | It is gone \\| for good. |')
  })

  it('show a setting without default as a dash', () => {
    expect(renderSettings({ service: [{ name: 'A', default: undefined, doc: 'Something' }] })).toContain('| `A` | – | Something |')
  })

  it('show an event below the channels that carry it', () => {
    const fields = { properties: { step: { type: 'string' } }, required: ['step'] }
    const text = renderEvents(
      { deployments: { pattern: 'tenant:{t}:deployments', kept: 'log', doc: 'Runs' } },
      [{ type: 'progress', families: ['deployments'], doc: 'It moved', fields }],
    )
    expect(text).toContain('| deployments | `tenant:{t}:deployments` | log | Runs | `progress` |')
    expect(text).toContain('| `step` | yes | string |')
  })

  it.each([
    [{ type: 'string', format: 'uuid' }, 'string (uuid)'],
    [{ enum: ['a', 'b'] }, '"a" or "b"'],
    [{ type: 'array', items: { type: 'integer' } }, 'list of integer'],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 'string or number'],
  ])('say a type in a few words', (schema, words) => {
    expect(typeWords(schema)).toBe(words)
  })
})

describe('generated pages', () => {
  it('are the same after they were written', () => {
    const root = emptyRoot()
    const pages = new Map([['a.md', 'one\ntwo\n']])
    expect(comparePages('docs', pages, { owned, root })).toEqual(['docs/a.md is missing'])
    comparePages('docs', pages, { owned, root, write: true })
    expect(comparePages('docs', pages, { owned, root })).toEqual([])
    expect(readFileSync(path.join(root, 'docs/a.md'), 'utf8')).toBe('one\ntwo\n')
  })

  it('name the first line that somebody changed by hand', () => {
    const root = emptyRoot()
    const pages = new Map([['a.md', 'one\ntwo\n']])
    comparePages('docs', pages, { owned, root, write: true })
    writeFileSync(path.join(root, 'docs/a.md'), 'one\n2\n')
    expect(comparePages('docs', pages, { owned, root })).toEqual(['docs/a.md differs from the code from line 2 on'])
  })

  it('are stale when the code no longer has what they describe', () => {
    const root = emptyRoot()
    comparePages('docs', new Map([['old.md', 'old']]), { owned, root, write: true })
    expect(comparePages('docs', new Map(), { owned, root })).toEqual(['docs/old.md describes nothing that exists'])
  })
})
