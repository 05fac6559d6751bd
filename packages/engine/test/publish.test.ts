import { describe, expect, test } from 'vitest'
import { EngineError, encodedJson } from '../src/index.ts'
import { connected, manualClock, start } from './kit.ts'

const subscribed = async (url: string, channel: string): ReturnType<typeof connected> => {
  const connection = await connected(url)
  connection.send({ id: 2, subscribe: { channel } })
  await connection.next()
  return connection
}

describe('a publication', () => {
  test('reaches every subscriber with tags, version, info and a dense offset', async () => {
    const { url, engine } = await start()
    const { next } = await subscribed(url, 'kept:a')
    const info = { user: 'service', client: 'c' }
    const first = engine.publish('kept:a', { n: 1 }, { tags: { kind: 'x' }, version: 4, info })
    const { epoch } = first as { epoch: string }
    expect(first).toEqual({ offset: 1, epoch })
    expect(engine.publish('kept:a', { n: 2 })).toEqual({ offset: 2, epoch })
    expect(await next()).toEqual({ push: { channel: 'kept:a', pub: { data: { n: 1 }, info, offset: 1, tags: { kind: 'x' }, epoch, version: 4 } } })
    expect(await next()).toEqual({ push: { channel: 'kept:a', pub: { data: { n: 2 }, offset: 2 } } })
  })

  test.each(['{ "a" : 1.0 }', '"\\u00e9\\/"', '[1e3, null ]', '9007199254740993'])('of a client passes verbatim: %s', async data => {
    const { url } = await start()
    const { send, nextText } = await subscribed(url, 'open:a')
    send(`{"id":3,"publish":{"data":${data},"channel":"open:a","x":{"data":0}}}`)
    expect(await nextText()).toContain(`"pub":{"data":${data},"info":`)
  })

  test('encoded by the application passes verbatim, on one line', async () => {
    const { url, engine } = await start()
    const { nextText } = await subscribed(url, 'open:a')
    engine.publish('open:a', encodedJson('{\r\n  "a": 1.0\n}'))
    expect(await nextText()).toBe('{"push":{"channel":"open:a","pub":{"data":{   "a": 1.0 }}}}')
  })

  test('that only looks encoded is data like any other', async () => {
    const { url, engine } = await start()
    const { next } = await subscribed(url, 'open:a')
    engine.publish('open:a', { json: '"not this"' })
    expect(await next()).toMatchObject({ push: { pub: { data: { json: '"not this"' } } } })
  })

  test('of a client comes back to it before the reply, with who it is', async () => {
    const { url } = await start()
    const { send, next, client } = await subscribed(url, 'open:a')
    send({ id: 3, publish: { channel: 'open:a', data: 1 } })
    expect(await next()).toEqual({ push: { channel: 'open:a', pub: { data: 1, info: { user: 'u', client } } } })
    expect(await next()).toEqual({ id: 3, publish: {} })
  })

  test('without history has no position, nor has one that skips it', async () => {
    const { engine } = await start()
    expect(engine.publish('open:a', 1)).toEqual({})
    expect(engine.publish('kept:a', 1, { skipHistory: true })).toEqual({})
    expect(engine.publish('kept:a', 1)).toMatchObject({ offset: 1 })
  })

  test('that skips history is delivered between numbered ones without a gap', async () => {
    const { url, engine } = await start()
    const { next } = await subscribed(url, 'kept:a')
    engine.publish('kept:a', 1)
    engine.publish('kept:a', 2, { skipHistory: true })
    engine.publish('kept:a', 3)
    expect([await next(), await next(), await next()]).toMatchObject([{ push: { pub: { offset: 1 } } }, { push: { pub: { data: 2 } } }, { push: { pub: { offset: 2 } } }])
  })
})

describe('repeats', () => {
  test('an idempotency key gives the first result and delivers once, per channel and for five minutes', async () => {
    const clock = manualClock()
    const { url, engine } = await start({ clock })
    const { frames, send, next } = await subscribed(url, 'kept:a')
    const first = engine.publish('kept:a', 1, { idempotencyKey: 'k' })
    engine.publish('kept:a', 2)
    expect(engine.publish('kept:a', 3, { idempotencyKey: 'k' })).toEqual(first)
    expect(engine.publish('kept:b', 3, { idempotencyKey: 'k' })).toMatchObject({ offset: 1 })
    send({ id: 9, unsubscribe: { channel: 'kept:a' } })
    await next()
    await next()
    await next()
    expect(frames.join('\n').match(/"pub"/gu)).toHaveLength(2)
    clock.advance(301_000)
    expect(engine.publish('kept:a', 4, { idempotencyKey: 'k' })).toMatchObject({ offset: 3 })
  })

  test('a version that is not greater is not delivered and gets the top position', async () => {
    const { engine } = await start()
    const publish = (version: number, versionEpoch?: string): unknown =>
      (engine.publish('kept:a', version, { version, ...(versionEpoch !== undefined && { versionEpoch }) }) as { offset: number }).offset
    expect([publish(5, 'x'), publish(5, 'x'), publish(4, 'x'), publish(6, 'x')]).toEqual([1, 1, 1, 2])
    expect([publish(1, 'y'), publish(1, 'y'), publish(1)]).toEqual([3, 3, 3])
    const { publications } = await engine.history('kept:a', { limit: -1 })
    expect(publications.map(({ data }) => data)).toEqual([5, 6, 1])
  })

  test('without history versions are delivered as they come', async () => {
    const { url, engine } = await start()
    const { next } = await subscribed(url, 'open:a')
    engine.publish('open:a', 1, { version: 2 })
    engine.publish('open:a', 2, { version: 1 })
    expect([await next(), await next()]).toMatchObject([{ push: { pub: { version: 2 } } }, { push: { pub: { version: 1 } } }])
  })
})

describe('the application', () => {
  test('is told what it may not publish', async () => {
    const { engine } = await start()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const fault = (publish: () => unknown): number | undefined => {
      try { publish() } catch (error) { return error instanceof EngineError ? error.code : undefined }
      return undefined
    }
    expect([undefined, () => 1, cycle, 1n].map(data => fault(() => engine.publish('open:a', data)))).toEqual([107, 107, 107, 107])
    expect(fault(() => engine.publish('', 1))).toBe(107)
    expect(fault(() => engine.publish('none:a', 1))).toBe(102)
  })

  test('broadcasts with one result per channel', async () => {
    const { engine } = await start()
    const [kept, open, none] = engine.broadcast(['kept:a', 'open:a', 'none:a'], { n: 1 })
    expect([kept, open]).toMatchObject([{ offset: 1 }, {}])
    expect(none).toMatchObject({ error: { code: 102 } })
  })

  test('reads history, position alone or another epoch', async () => {
    const { engine } = await start()
    engine.publish('kept:a', { n: 1 })
    expect(await engine.history('kept:a')).toMatchObject({ publications: [], offset: 1 })
    expect(await engine.history('kept:a', { limit: -5 })).toMatchObject({ publications: [{ data: { n: 1 }, offset: 1 }] })
    await expect(engine.history('kept:a', { since: { offset: 1, epoch: 'other' } })).rejects.toMatchObject({ code: 112 })
    await expect(engine.history('open:a')).rejects.toMatchObject({ code: 108 })
    engine.removeHistory('kept:a')
    expect(await engine.history('kept:a', { limit: -1 })).toMatchObject({ publications: [], offset: 1 })
  })

  test('history is forgotten after its time, the position stays', async () => {
    const clock = manualClock()
    const { engine } = await start({ clock })
    engine.publish('kept:a', 1)
    clock.advance(59_000)
    expect((await engine.history('kept:a', { limit: -1 })).publications).toHaveLength(1)
    clock.advance(1_200)
    expect(await engine.history('kept:a', { limit: -1 })).toMatchObject({ publications: [], offset: 1 })
    expect(engine.publish('kept:a', 2)).toMatchObject({ offset: 2 })
  })
})
