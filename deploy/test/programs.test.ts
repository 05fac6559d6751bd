import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let folder: string
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'neo-programs-')) })
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a cluster on a machine without its parts says which are missing and how to get them, and starts nothing', async () => {
  const { code, stderr } = await new Promise<{ code: unknown, stderr: string }>(resolve => {
    execFile(process.execPath, [main, 'start'], { env: { PATH: folder, HOME: folder, NEO_DATA_DIR: path.join(folder, 'data'), NEO_PORTALS: 'none', PORT: '0' } }, (error, _stdout, text) => {
      resolve({ code: error?.code, stderr: text })
    })
  })
  expect(code).toBe(1)
  expect(stderr).toContain('Redis 6.2 or newer is not installed: apt-get install redis-server.')
  expect(stderr).toContain('Centrifugo is not built')
  expect(stderr).not.toContain('    at ')
})
