import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SubscribedContext } from 'centrifuge'
import { createPatch } from '../src/fossil.ts'
import { KEPT, connected, official, once, sign, start, until } from './kit.ts'
import type { Running } from './kit.ts'

const DELTA = { ...KEPT, allowedDeltaTypes: ['fossil'] as const }
const startDelta = (more: object = {}): Promise<Running> => start({ channel: { namespaces: [{ name: 'kept', ...DELTA, ...more }, { name: 'plain', ...KEPT }] } })

/** A document that changes little from one publication to the next. */
const document = (n: number): { text: string, n: number } => ({ text: 'The quick brown fox jumps over the lazy dog – ação! '.repeat(20), n })

/** What a reader of the format makes of a patch, told apart from the writer: sizes, copies, inserts, checksum. */
function apply(source: string, patch: string): string {
  const from = Buffer.from(source)
  const bytes = Buffer.from(patch)
  let at = 0
  const number = (): number => {
    let value = 0
    for (; ; at++) {
      const digit = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~'.indexOf(String.fromCharCode(bytes[at] ?? 0))
      if (digit < 0) return value
      value = value * 64 + digit
    }
  }
  const size = number()
  at++
  const parts: Buffer[] = []
  for (;;) {
    const count = number()
    const sign = String.fromCharCode(bytes[at++] ?? 0)
    if (sign === ':') parts.push(bytes.subarray(at, at += count))
    else if (sign === '@') {
      const offset = number()
      at++
      parts.push(from.subarray(offset, offset + count))
    } else {
      const target = Buffer.concat(parts)
      const padded = Buffer.concat([target, Buffer.alloc((4 - target.length % 4) % 4)])
      let sum = 0
      for (let word = 0; word < padded.length; word += 4) sum = (sum + padded.readUInt32BE(word)) >>> 0
      expect([sign, target.length, count]).toEqual([';', size, sum])
      return target.toString()
    }
  }
}

describe('a patch', () => {
  test('makes the target of the source, whatever they are, and is shorter than it', () => {
    const word = fc.constantFrom('a', 'lorem ipsum ', 'ação ', '日本語', '😀', '{"n":', 'x'.repeat(40))
    const text = fc.array(word, { maxLength: 60 }).map(words => words.join(''))
    fc.assert(fc.property(text, text, text, (before, middle, after) => {
      for (const [source, target] of [[before + after, before + middle + after], [middle, after], [before + middle, middle + before]] as const) {
        const { data, isPatch } = createPatch(source, target)
        if (!isPatch) expect(data).toBe(target)
        else {
          expect(apply(source, data)).toBe(target)
          expect(Buffer.byteLength(data)).toBeLessThan(Buffer.byteLength(target))
        }
      }
    }), { numRuns: 500 })
  })

  test('is not made of a source too short to copy from', () => {
    expect(createPatch('short', 'short but longer now')).toEqual({ data: 'short but longer now', isPatch: false })
  })
})

describe.each(['json', 'protobuf'] as const)('the official client with deltas over %s', codec => {
  const decoder = new TextDecoder()
  function subscribe({ url }: Running, channel: string) {
    const client = codec === 'json' ? official(url) : new ProtobufCentrifuge([{ transport: 'websocket', endpoint: url }], { getToken: () => sign({ sub: 'u' }), minReconnectDelay: 10, maxReconnectDelay: 50 })
    onTestFinished(() => { client.disconnect() })
    const subscription = client.newSubscription(channel, { delta: 'fossil' })
    const heard: unknown[] = []
    subscription.on('publication', ({ data }) => heard.push(codec === 'json' ? data : JSON.parse(decoder.decode(data as Uint8Array))))
    subscription.subscribe()
    client.connect()
    return { client, subscription, heard }
  }

  test('gets the first publication whole, the others as patches, and the statistics are exact', async () => {
    const running = await startDelta()
    const { subscription, heard } = subscribe(running, 'kept:a')
    await subscription.ready(5_000)
    for (let n = 0; n < 5; n++) running.engine.publish('kept:a', document(n), { delta: true })
    await until(() => heard.length === 5)
    expect(heard).toEqual(Array.from({ length: 5 }, (_, n) => document(n)))
    expect(subscription.deltaStats()).toMatchObject({ numPublications: 5, numFullPayloads: 1, numDeltaPayloads: 4 })
  })

  test('gets whole ones where the publisher asked for no delta, where a patch is no shorter, and where deltas are not allowed', async () => {
    const running = await startDelta()
    const { subscription, heard } = subscribe(running, 'kept:a')
    await subscription.ready(5_000)
    running.engine.publish('kept:a', document(0), { delta: true })
    running.engine.publish('kept:a', document(1))
    running.engine.publish('kept:a', 'other', { delta: true })
    running.engine.publish('kept:a', document(2), { delta: true })
    await until(() => heard.length === 4)
    expect(heard).toEqual([document(0), document(1), 'other', document(2)])
    expect(subscription.deltaStats()).toMatchObject({ numFullPayloads: 4, numDeltaPayloads: 0 })
    const plain = subscribe(running, 'plain:a')
    await plain.subscription.ready(5_000)
    running.engine.publish('plain:a', document(0), { delta: true })
    running.engine.publish('plain:a', document(1), { delta: true })
    await until(() => plain.heard.length === 2)
    expect(plain.heard).toEqual([document(0), document(1)])
  })

  test('recovers a chain of patches, and goes on from its end', async () => {
    const running = await startDelta({ deltaPublish: true })
    const { subscription, heard } = subscribe(running, 'kept:a')
    await subscription.ready(5_000)
    running.engine.publish('kept:a', document(0))
    await until(() => heard.length === 1)
    const back = once<SubscribedContext>(subscription, 'subscribed')
    running.engine.disconnect({ user: 'u', code: 3011 })
    for (let n = 1; n < 4; n++) running.engine.publish('kept:a', document(n))
    expect((await back).recovered).toBe(true)
    running.engine.publish('kept:a', document(4))
    await until(() => heard.length === 5)
    expect(heard).toEqual(Array.from({ length: 5 }, (_, n) => document(n)))
    expect(subscription.deltaStats()).toMatchObject({ numPublications: 5, numFullPayloads: 2, numDeltaPayloads: 3 })
  })

  test('is not given a patch of what it does not hold, after a publication that was not kept', async () => {
    const running = await startDelta()
    const { subscription, heard } = subscribe(running, 'kept:a')
    await subscription.ready(5_000)
    running.engine.publish('kept:a', document(0), { delta: true })
    running.engine.publish('kept:a', document(1), { delta: true, skipHistory: true })
    running.engine.publish('kept:a', document(2), { delta: true })
    await until(() => heard.length === 3)
    expect(heard).toEqual([document(0), document(1), document(2)])
  })
})

test('the reply says that deltas are on, their data is text, and no epoch travels with the first', async () => {
  const { url, engine } = await startDelta()
  const { send, next } = await connected(url)
  send({ id: 2, subscribe: { channel: 'kept:a', delta: 'fossil' } })
  expect(await next()).toMatchObject({ id: 2, subscribe: { delta: true } })
  engine.publish('kept:a', document(0), { delta: true })
  expect(await next()).toEqual({ push: { channel: 'kept:a', pub: { data: JSON.stringify(document(0)), offset: 1 } } })
  engine.publish('kept:a', document(1), { delta: true })
  expect(await next()).toMatchObject({ push: { pub: { delta: true, offset: 2, data: expect.any(String) as unknown } } })
})

test('a delta format nobody knows ends the connection', async () => {
  const { url } = await startDelta()
  const { send, closed } = await connected(url)
  send({ id: 2, subscribe: { channel: 'kept:a', delta: 'other' } })
  expect((await closed)[0]).toBe(3501)
})

test('a client\'s own publications are deltas where the channel says so', async () => {
  const { url } = await startDelta({ deltaPublish: true })
  const { send, next } = await connected(url)
  send({ id: 2, subscribe: { channel: 'kept:a', delta: 'fossil' } }, { id: 3, publish: { channel: 'kept:a', data: document(0) } }, { id: 4, publish: { channel: 'kept:a', data: document(1) } })
  const messages: unknown[] = []
  while (messages.length < 5) messages.push(await next())
  expect(messages[3]).toMatchObject({ push: { pub: { delta: true } } })
})
