import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { supervise, type Task } from '../src/supervise.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'supervise-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

const task = (script: string, isReady: Task['isReady']): Task => ({
  name: 'part', command: [process.execPath, '-e', script], environment: {}, logFile: path.join(folder, 'part.log'), isReady, restartMs: 10,
})

describe('a part that ends by itself', () => {
  it('before it was ever ready is given up after three times, with what it said', async () => {
    const part = supervise(task('console.error("LOG_LEVEL must be debug, info, warn, error or silent."); process.exit(1)', () => Promise.resolve(false)))
    await expect(part.ready()).rejects.toThrow(/^part ended 3 times before it was ready; more is in .+part\.log:\nLOG_LEVEL must be debug, info, warn, error or silent\.$/)
    await part.stop()
  })

  it('although its program is missing says so', async () => {
    const part = supervise({ ...task('', () => Promise.resolve(false)), command: [path.join(folder, 'missing')] })
    await expect(part.ready()).rejects.toThrow('ENOENT')
    await part.stop()
  })

  it('is started again until it is ready', async () => {
    const pids = new Set<number>()
    const part = supervise(task('setTimeout(() => {}, 60_000)', () => Promise.resolve().then(() => {
      pids.add(part.pid())
      if (pids.size < 3) process.kill(part.pid(), 'SIGKILL')
      return pids.size === 3
    })))
    await part.ready()
    expect(pids.size).toBe(3)
    await part.stop()
  })
})
