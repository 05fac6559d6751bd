/** Every code block of README and guide is run, or says why it is not. */

import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectTestPlatform, startPlatform, type PlatformAccess, type PlatformProcess } from '@neo-stack/testing'
import { blocksOf, readBlocks, type CodeBlock } from './code-blocks.ts'
import { platformMain } from './paths.ts'

const blocks = readBlocks()
const run = blocks.filter(({ notRun }) => notRun === undefined)
const ofLanguage = (language: string): CodeBlock[] => run.filter(block => block.language === language)
const languages = ['json', 'sh', 'ts']

/** Blocks that start or change the machine, or are a piece of a larger file. Fewer is better. */
const MOST_NOT_RUN = 13

describe('code blocks', () => {
  test('are of a language that is run, or say why they are not, and those are few', () => {
    expect(run.filter(({ language }) => !languages.includes(language)).map(({ at }) => at)).toEqual([])
    const left = blocks.filter(({ notRun }) => notRun !== undefined)
    console.log(`${blocks.length} blocks, ${run.length} run; not run:\n${left.map(({ at, notRun }) => `  ${at} ${notRun}`).join('\n')}`)
    expect(left.length).toBeLessThanOrEqual(MOST_NOT_RUN)
    for (const language of languages) expect(ofLanguage(language)).not.toEqual([])
  })

  test('are found with their line and the reason above them', () => {
    expect(blocksOf('page.md', 'A\n\n```sh\ntrue\n```\n\n<!-- not run: costs money -->\n```ts\nbuy()\n```\n')).toEqual([
      { at: 'page.md:3', language: 'sh', text: 'true\n' }, { at: 'page.md:7', language: 'ts', text: 'buy()\n', notRun: 'costs money' },
    ])
  })

  test.each(ofLanguage('json'))('$at is JSON', ({ text }) => { JSON.parse(text) })
})

describe('TypeScript blocks', () => {
  const folder = join(import.meta.dirname, `code-blocks-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  afterAll(() => { rmSync(folder, { recursive: true }) })

  test('have no fault of types, as strictly as our own tests', async () => {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', include: ['*.ts'] }))
    const tsc = join(import.meta.dirname, '../node_modules/typescript-native/bin/tsc')
    type Ended = { code?: number | string, stdout: string, stderr: string }
    const { code = 0, stdout, stderr }: Ended = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--noEmit']).catch((error: unknown) => error as Ended)
    expect({ code, said: stdout + stderr }, ofLanguage('ts').map(({ at }, index) => `block-${index} is ${at}`).join('\n')).toEqual({ code: 0, said: '' })
  })
  for (const [index, { at, text }] of ofLanguage('ts').entries()) {
    const file = join(folder, `block-${index}.ts`)
    writeFileSync(file, text)
    // A block's own tests become tests of this file; one without any must at least load.
    describe(at, async () => {
      const loaded = await import(file) as object
      test('loads', () => { expect(loaded).toBeTypeOf('object') })
    })
  }
})

describe('shell blocks', () => {
  let platform: PlatformProcess
  let access: PlatformAccess
  let env: Record<string, string>
  beforeAll(async () => {
    platform = await startPlatform({ main: platformMain })
    access = connectTestPlatform({ url: platform.url, demo: await platform.demo() })
    const tokenOf = async (role: 'owner' | 'manager'): Promise<string> => await (await access.client(role)).session.getAccessToken() ?? ''
    env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', URL: platform.url, NEO_DATA_DIR: platform.dataDir, KEY: access.keys['acme'] ?? '', OWNER: await tokenOf('owner'), ME: await tokenOf('manager') }
  })
  afterAll(async () => {
    await access?.stop()
    await platform?.stop()
  })

  test.each(ofLanguage('sh'))('$at', async ({ text }) => {
    // A refusal is a failure here; a person reads it. The page's address and folder are the ones of npm start.
    const script = text.replaceAll('http://127.0.0.1:8080', platform.url).replaceAll('.data/', `${platform.dataDir}/`)
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', `curl() { command curl --fail-with-body -sS "$@"; }\n${script}`], { cwd: join(import.meta.dirname, '..'), env, timeout: 120_000 })
  })
})
