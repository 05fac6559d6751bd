import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** A program of somebody who uses the kit without any test runner. */
const PROGRAM = `
import { createTestPlatform } from '@neo-stack/testing'
const platform = await createTestPlatform()
const member = await platform.client('member')
console.log((await member.rest.deployments.list('acme')).deployments.length)
await platform.stop()
`

describe('a process that uses the kit', () => {
  it('ends by itself once its platforms have stopped, although their databases are kept for the next ones', async () => {
    const program = ['--input-type=module-typescript', '--eval', PROGRAM]
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: path.join(import.meta.dirname, '..'), timeout: 100_000, killSignal: 'SIGKILL' })
    expect(stdout).toMatch(/^\d+\n$/)
  }, 120_000)
})
