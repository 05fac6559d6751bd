import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataFolderError, openDataFolder } from '../src/data-folder.ts'

describe('data folder', () => {
  let parent: string
  beforeEach(() => { parent = mkdtempSync(path.join(tmpdir(), 'neo-folder-')) })
  afterEach(() => { rmSync(parent, { recursive: true, force: true }) })

  it('is made for its owner alone, and so are its files', () => {
    const folder = openDataFolder(path.join(parent, 'a', 'b'))
    folder.writeJson('secrets.json', { key: 1 })
    expect(statSync(folder.path).mode & 0o777).toBe(0o700)
    expect(statSync(path.join(folder.path, 'secrets.json')).mode & 0o777).toBe(0o600)
    expect(folder.readJson('secrets.json')).toEqual({ key: 1 })
    expect(folder.readJson('missing.json')).toBeUndefined()
    folder.unlock()
    folder.unlock()
  })

  it('is refused while another process holds it, and free at once when that one was killed', async () => {
    const folder = path.join(parent, 'data')
    const module = path.join(import.meta.dirname, '../src/data-folder.ts')
    const script = `const { openDataFolder } = await import(${JSON.stringify(module)}); openDataFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(holder.stdout, 'data')
    expect(() => openDataFolder(folder)).toThrow(/in use by another process/)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    openDataFolder(folder).unlock()
  })

  it('says in one sentence that a file is in its place', () => {
    writeFileSync(path.join(parent, 'file'), '')
    expect(() => openDataFolder(path.join(parent, 'file'))).toThrow(DataFolderError)
  })

  it('names a damaged file instead of starting over', () => {
    const folder = openDataFolder(path.join(parent, 'data'))
    writeFileSync(path.join(folder.path, 'secrets.json'), '{"half')
    expect(() => folder.readJson('secrets.json')).toThrow(/secrets\.json cannot be read/)
    folder.unlock()
  })
})
