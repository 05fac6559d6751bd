import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonCodec } from '../src/codec-json.ts'
import { isDeeperThan, memberText } from '../src/json-text.ts'
import { connected, raw, start } from './kit.ts'

const BAD = [3501, 'bad request']

describe('a connection', () => {
  test.each([
    ['nothing', ''],
    ['white space', '  '],
    ['text that is no JSON', '{"id":'],
    ['a list', '[]'],
    ['a number', '1'],
    ['a text', '"x"'],
    ['a blank line between commands', '{"id":2,"unsubscribe":{"channel":"a"}}\n\n{"id":3,"unsubscribe":{"channel":"a"}}'],
    ['deep JSON', `{"id":2,"publish":{"channel":"open:a","data":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`],
    ['deep JSON that breaks off', '['.repeat(60_000)],
    ['a negative offset', '{"id":2,"subscribe":{"channel":"open:a","offset":-1}}'],
    ['an id that is no whole number', '{"id":1.5,"subscribe":{"channel":"open:a"}}'],
  ])('that sends %s is ended, bystanders are not disturbed', async (_, text) => {
    const { url } = await start()
    const [bad, bystander] = [await connected(url), await connected(url)]
    bad.socket.send(text)
    expect(await bad.closed).toEqual(BAD)
    bystander.send({ id: 2, subscribe: { channel: 'open:a' } })
    expect(await bystander.next()).toEqual({ id: 2, subscribe: {} })
  })

  test('has the commands before a fault answered', async () => {
    const { url } = await start()
    const { socket, next, closed } = await connected(url)
    socket.send('{"id":2,"subscribe":{"channel":"open:a"}}\nnonsense\n{"id":3,"rpc":{}}')
    expect(await next()).toEqual({ id: 2, subscribe: {} })
    expect(await closed).toEqual(BAD)
  })

  test.each([
    ['a trailing line break', '{"id":2,"subscribe":{"channel":"open:a"}}\n'],
    ['a second value on the line', '{"id":2,"subscribe":{"channel":"open:a"}}{"id":3}'],
    ['white space around', ' \t{ "id" : 2 , "subscribe" : { "channel" : "open:a" } } \r'],
    ['a __proto__', '{"__proto__":{"id":9},"id":2,"subscribe":{"channel":"open:a","__proto__":{"recover":true},"constructor":{}}}'],
    ['null for what is absent', '{"id":2,"connect":null,"subscribe":{"channel":"open:a","token":null,"recover":null,"tf":null}}'],
  ])('may send %s', async (_, text) => {
    const { url } = await start()
    const { socket, next } = await connected(url)
    socket.send(text)
    expect(await next()).toEqual({ id: 2, subscribe: {} })
  })

  test('may send JSON in a binary frame', async () => {
    const { url } = await start()
    const { socket, next } = await connected(url)
    socket.send(Buffer.from('{"id":2,"subscribe":{"channel":"open:a"}}'), { binary: true })
    expect(await next()).toEqual({ id: 2, subscribe: {} })
  })

  test('may send 65,536 bytes in a frame, and not one more', async () => {
    const { url } = await start()
    const command = (length: number): string => {
      const empty = '{"id":2,"publish":{"channel":"open:a","data":""}}'
      return empty.replace('""', `"${'x'.repeat(length - empty.length)}"`)
    }
    const { socket, next, closed } = await connected(url)
    socket.send(command(65_536))
    expect(await next()).toEqual({ id: 2, publish: {} })
    socket.send(command(65_537))
    expect((await closed)[0]).toBe(1009)
  })

  test('with a text frame that is no UTF-8 is ended with 1007', async () => {
    const { url } = await start()
    const { socket, closed } = await raw(url)
    socket.send(Buffer.from([0xc3, 0x28]), { binary: false })
    expect((await closed)[0]).toBe(1007)
  })
})

describe('whatever is sent', () => {
  const anyFrame = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
    fc.string({ maxLength: 200, unit: 'binary' }).map(text => Buffer.from(text)),
    fc.json().map(text => Buffer.from(text)),
    fc.record({
      id: fc.oneof(fc.nat(), fc.anything()),
      ...Object.fromEntries(['connect', 'subscribe', 'publish', 'history', 'sub_refresh', '__proto__', 'constructor'].map(name =>
        [name, fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom('channel', 'data', 'offset', 'since', 'token', '__proto__'), fc.jsonValue()))])),
    }, { requiredKeys: [] }).map(value => Buffer.from(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? '')),
  )

  test('the decoder does not throw and gives known commands only', () => {
    fc.assert(fc.property(anyFrame, frame => {
      const { commands } = jsonCodec.decode(frame)
      return commands.every(command => command.method === 'pong' || (Number.isInteger(command.id) && Object.getPrototypeOf(command.request) === Object.prototype))
    }), { numRuns: 2_000 })
  })

  test('bystanders are not disturbed', async () => {
    const { url, engine } = await start()
    const bystander = await connected(url, 'bystander')
    bystander.send({ id: 2, subscribe: { channel: 'kept:quiet' } })
    await bystander.next()
    await fc.assert(fc.asyncProperty(fc.array(anyFrame, { minLength: 1, maxLength: 4 }), async frames => {
      const { socket, closed } = await connected(url, 'attacker')
      for (const frame of frames) socket.send(frame)
      socket.close()
      await closed
      const { offset } = engine.publish('kept:quiet', 'still here') as { offset: number }
      expect(await bystander.next()).toMatchObject({ push: { pub: { offset } } })
    }), { numRuns: 40 })
    await expect.poll(() => engine.stats()).toMatchObject({ sockets: 1, connections: 1, users: 1, subscriptions: 1, channels: 1 })
  }, 30_000)
})

describe('JSON text', () => {
  test('a member is found as JSON.parse finds it, in its own words', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
      const text = JSON.stringify(object, null, indent)
      const parsed = JSON.parse(text) as Record<string, unknown>
      for (const name of Object.keys(parsed)) expect(JSON.parse(memberText(text, name) ?? '')).toEqual(parsed[name])
      expect(memberText(text, 'a name that is not there')).toBe(Object.hasOwn(parsed, 'a name that is not there') ? expect.anything() : undefined)
    }))
  })

  test('the last of repeated members counts', () => {
    expect(memberText('{"a":1,"\\u0061": [ 2 ] }', 'a')).toBe('[ 2 ]')
  })

  test('depth is counted outside of texts', () => {
    expect(isDeeperThan('[[["[[[[["]]]', 3)).toBe(false)
    expect(isDeeperThan('[[[["\\"]"]]]]', 3)).toBe(true)
  })
})
