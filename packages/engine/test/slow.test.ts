import { expect, test } from 'vitest'
import { jsonCodec } from '../src/codec-json.ts'
import { Flusher } from '../src/flusher.ts'
import { Outbox } from '../src/outbox.ts'
import { createCounters } from '../src/stats.ts'
import { connected, start, until } from './kit.ts'

/** An outbox whose reader and clock are moved by hand. */
function createSlowReader(maxAge: number): { send: () => void, read: (bytes: number) => void, pass: (ms: number) => void, readonly slow: number } {
  let [unread, now, slow] = [0, 0, 0]
  const silent = { close: () => undefined, cut: () => undefined, pause: () => undefined, resume: () => undefined }
  const transport = { ...silent, name: 'websocket' as const, get bufferedBytes() { return unread }, send: (frame: Buffer) => { unread += frame.length } }
  const outbox = new Outbox({ codec: jsonCodec, transport, flusher: new Flusher(), counters: createCounters(), limit: 1_000_000, maxAge, now: () => now, onSlow: () => { slow++ } })
  return {
    send() {
      outbox.write(Buffer.from('x'.repeat(100)), true)
      outbox.flush()
    },
    read(bytes) { unread -= bytes },
    pass(ms) { now += ms },
    get slow() { return slow },
  }
}

test('who reads nothing for too long is slow, however little there is', () => {
  const reader = createSlowReader(10_000)
  for (let second = 0; second <= 10; second++) {
    reader.send()
    reader.pass(1_000)
  }
  expect(reader.slow).toBe(0)
  reader.pass(1_000)
  reader.send()
  expect(reader.slow).toBe(1)
})

test('who is always behind but reads on is not slow', () => {
  const reader = createSlowReader(10_000)
  reader.send()
  for (let second = 0; second < 100; second++) {
    reader.send()
    reader.pass(1_000)
    reader.read(100)
  }
  expect(reader.slow).toBe(0)
})

test('half of the readers stuck: each is told 3008, the others get everything in order', async () => {
  const { url, engine } = await start({ client: { queueMaxSize: 65_536 } })
  const clients = await Promise.all(Array.from({ length: 40 }, (_, at) => connected(url, `u${at}`)))
  for (const { send, next } of clients) {
    send({ id: 2, subscribe: { channel: 'open:a' } })
    await next()
  }
  const [stuck, readers] = [clients.slice(0, 20), clients.slice(20)]
  for (const { socket } of stuck) socket.pause()
  const pad = 'x'.repeat(16_384)
  let published = 0
  while ((engine.stats().disconnects[3008] ?? 0) < stuck.length && published < 10_000) {
    engine.publish('open:a', { n: published++, pad })
    await new Promise(resolve => { setImmediate(resolve) })
  }
  const heard = (frames: readonly string[]): string[] => frames.join('\n').split('\n').flatMap(line => /"n":(\d+)/.exec(line)?.[1] ?? [])
  await until(() => readers.every(({ frames }) => heard(frames).length === published))
  for (const { frames } of readers) expect(heard(frames)).toEqual(Array.from({ length: published }, (_, at) => String(at)))
  for (const { socket } of stuck) socket.resume()
  expect((await Promise.all(stuck.map(({ closed }) => closed))).map(([code]) => code)).toEqual(stuck.map(() => 3008))
})

test('who does not read is disconnected with 3008, the others miss nothing', async () => {
  const { url, engine } = await start({ client: { queueMaxSize: 65_536 } })
  const stuck = await connected(url, 'stuck')
  const reader = await connected(url, 'reader')
  for (const { send, next } of [stuck, reader]) {
    send({ id: 2, subscribe: { channel: 'open:a' } })
    await next()
  }
  stuck.socket.pause()
  const data = 'x'.repeat(16_384)
  let published = 0
  while (engine.stats().disconnects[3008] === undefined && published < 10_000) {
    engine.publish('open:a', data)
    published++
    await new Promise(resolve => { setImmediate(resolve) })
  }
  expect(engine.stats()).toMatchObject({ disconnects: { 3008: 1 }, connections: 1 })
  await until(() => reader.frames.join('\n').split('\n').length === published + 2)
  stuck.socket.resume()
  expect((await stuck.closed)[0]).toBe(3008)
})

test('more than the limit in one turn is too much at once', async () => {
  const { url, engine } = await start({ client: { queueMaxSize: 10_000 } })
  const { send, next, closed } = await connected(url)
  send({ id: 2, subscribe: { channel: 'open:a' } })
  await next()
  for (let n = 0; n < 12; n++) engine.publish('open:a', 'x'.repeat(1_000))
  expect(await closed).toEqual([3008, 'slow'])
  expect(engine.stats()).toMatchObject({ connections: 0, subscriptions: 0 })
})
