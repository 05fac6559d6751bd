import { describe, expect, it } from 'vitest'
import type { QuotaLimits } from '../src/log-quota.ts'
import { LogSender, type OutputLine } from '../src/logs.ts'
import { createVirtualTime } from './virtual-time.ts'

interface Batch { from: number, texts: string[] }

function createStore(over: { pause?: number, last?: number, quota?: Partial<QuotaLimits> } = {}): { sender: LogSender, batches: Batch[], stored: () => string[] } {
  const time = createVirtualTime()
  const batches: Batch[] = []
  let last = over.last ?? 0
  const sender = new LogSender({
    ...time, last, quota: over.quota, readLast: () => Promise.resolve(last), signal: new AbortController().signal,
    append: async ({ lines, from = 0 }) => {
      await time.sleep(over.pause ?? 0)
      expect(from).toBe(last + 1)
      batches.push({ from, texts: lines.map(line => typeof line === 'string' ? line : line.text) })
      last += lines.length
      return { last }
    },
  })
  return { sender, batches, stored: () => batches.flatMap(({ texts }) => texts) }
}

const line = (text: string): OutputLine => ({ stream: 'stdout', text })

describe('the log sender', () => {
  it('gathers lines that come close together and numbers them from where the log ends', async () => {
    const { sender, batches } = createStore({ last: 7 })
    for (const text of ['a', 'b', 'c']) await sender.push(line(text))
    expect(batches).toEqual([])
    await sender.flush()
    expect(batches).toEqual([{ from: 8, texts: ['a', 'b', 'c'] }])
  })

  it('sends by itself after a moment', async () => {
    const { sender, stored } = createStore()
    await sender.push(line('alone'))
    await expect.poll(stored).toEqual(['alone'])
  })

  it('keeps the head and the tail of a log that is over the quota, and says what is missing between them', async () => {
    const { sender, stored } = createStore({ quota: { head: 5, tail: 3 } })
    for (let n = 1; n <= 20; n++) await sender.push(line(`line ${n}`))
    await sender.finish()
    await sender.finish()
    expect(stored()).toEqual([
      'line 1', 'line 2', 'line 3', 'line 4', 'line 5', '… the log has 5 lines: of what follows only the last 3 are kept, once the deployment has ended',
      '… 12 lines were left out here', 'line 18', 'line 19', 'line 20',
    ])
  })

  it('keeps no more bytes of the tail than may wait in memory, and says how many lines that left out', async () => {
    const { sender, stored } = createStore({ quota: { head: 1, tail: 100, tailBytes: 50 } })
    for (let n = 1; n <= 20; n++) await sender.push(line(`${n}`.padEnd(10, 'ç').slice(0, 6)))
    await sender.finish()
    // "18çççç" has ten bytes.
    expect(stored().slice(2)).toEqual(['… 14 lines were left out here', '16çççç', '17çççç', '18çççç', '19çççç', '20çççç'])
  })

  it('leaves nothing out of a log that just fits', async () => {
    const { sender, stored } = createStore({ quota: { head: 5, tail: 3 } })
    for (let n = 1; n <= 8; n++) await sender.push(line(`line ${n}`))
    await sender.finish()
    expect(stored().filter(text => text.startsWith('line'))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(n => `line ${n}`))
    expect(stored().join('\n')).not.toContain('left out')
  })

  it('cuts batches at 64 KiB and waits for a slow store instead of piling up', async () => {
    const { sender, batches, stored } = createStore({ pause: 1000 })
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`.padEnd(1000, '.'))
    let waiting = 0
    for (const text of texts) {
      await sender.push(line(text))
      waiting = Math.max(waiting, texts.indexOf(text) + 1 - stored().length)
    }
    await sender.flush()
    expect(stored()).toEqual(texts)
    for (const batch of batches) expect(batch.texts.join('').length).toBeLessThanOrEqual(64 * 1024)
    expect(waiting).toBeLessThanOrEqual(66)
  })

  it('makes several lines of text with line breaks or too long for one line, and loses no character', async () => {
    const { sender, stored } = createStore()
    const long = 'x'.repeat(40_000)
    await sender.push(line(`one\ntwo\r\nthree`))
    await sender.push(line(long))
    await sender.flush()
    expect(stored().slice(0, 3)).toEqual(['one', 'two', 'three'])
    expect(stored().slice(3).join('')).toBe(long)
    expect(stored().slice(3).every(text => text.length <= 16_384)).toBe(true)
  })
})
