import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askRunning, CommandError, listenForCommands } from '../src/control.ts'

describe('commands to a running process', () => {
  let folder: string
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'neo-control-')) })
  afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

  it('reach it through its folder, and nobody where none runs', async () => {
    expect(await askRunning(folder, { do: 'verify' })).toBeUndefined()
    const close = await listenForCommands(folder, (command, answer) => { answer(command); return Promise.resolve() })
    const answer = await askRunning(folder, { do: 'backup', file: '/x' })
    expect(answer?.value).toEqual({ do: 'backup', file: '/x' })
    answer?.release()
    close()
    expect(await askRunning(folder, { do: 'verify' })).toBeUndefined()
  })

  it('hold it until whoever asked is gone', async () => {
    const seen: string[] = []
    const close = await listenForCommands(folder, async (_command, answer, isOver) => {
      answer(null)
      await isOver
      seen.push('over')
    })
    const held = await askRunning(folder, { do: 'hold' })
    expect(seen).toEqual([])
    held?.release()
    await expect.poll(() => seen).toEqual(['over'])
    close()
  })

  it('that fail, or are none, are refused with the reason', async () => {
    const close = await listenForCommands(folder, () => Promise.reject(new Error('There is no room.')))
    await expect(askRunning(folder, { do: 'verify' })).rejects.toThrow(new CommandError('There is no room.'))
    await expect(askRunning(folder, { do: 'dance' } as never)).rejects.toThrow(CommandError)
    close()
  })
})
