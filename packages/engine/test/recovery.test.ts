import { describe, expect, test } from 'vitest'
import { createMemoryBroker } from '../src/broker-memory.ts'
import { systemClock } from '../src/clock.ts'
import type { Broker, BrokerEvents } from '../src/index.ts'
import { KEPT, connected, raw, sign, start } from './kit.ts'
import type { Raw } from './kit.ts'

interface Subscribed { epoch: string, offset?: number, publications?: { offset: number, epoch?: string }[] }

async function subscribe({ send, next }: Raw, request: object): Promise<Record<string, unknown>> {
  send({ id: 2, subscribe: { channel: 'kept:a', ...request } })
  return next()
}

/** An engine whose channel kept:a has three publications, and their epoch. */
async function withThree(): Promise<{ url: string, epoch: string, engine: Awaited<ReturnType<typeof start>>['engine'] }> {
  const { url, engine } = await start()
  engine.publish('kept:a', 1)
  engine.publish('kept:a', 2)
  const { epoch } = engine.publish('kept:a', 3) as { epoch: string }
  return { url, engine, epoch }
}

describe('recovery', () => {
  test('a fresh subscription learns its position', async () => {
    const { url } = await start()
    const { subscribe: result } = await subscribe(await connected(url), {}) as { subscribe: Subscribed }
    expect(result).toEqual({ recoverable: true, positioned: true, epoch: expect.stringMatching(/^[a-zA-Z]{8}$/u) as string })
  })

  test('what was missed comes back, and the offset is the one asked for', async () => {
    const { url, epoch, engine } = await withThree()
    expect(await subscribe(await connected(url), { recover: true, offset: 1, epoch })).toEqual({ id: 2, subscribe: {
      recoverable: true, positioned: true, recovered: true, was_recovering: true, epoch, offset: 1,
      publications: [{ data: 2, offset: 2 }, { data: 3, offset: 3 }],
    } })
    expect(engine.stats().recoveries).toEqual({ recovered: 1, unrecovered: 0 })
  })

  test('the publication with offset 1 carries the epoch', async () => {
    const { url, epoch } = await withThree()
    const { subscribe: result } = await subscribe(await connected(url), { recover: true, epoch }) as { subscribe: Subscribed }
    expect(result.publications?.map(publication => publication.epoch)).toEqual([epoch, undefined, undefined])
    expect(result).not.toHaveProperty('offset')
  })

  test('nothing missed is recovered with nothing', async () => {
    const { url, epoch } = await withThree()
    expect(await subscribe(await connected(url), { recover: true, offset: 3, epoch })).toEqual(
      { id: 2, subscribe: { recoverable: true, positioned: true, recovered: true, was_recovering: true, epoch, offset: 3 } })
  })

  test('an empty epoch is not compared', async () => {
    const { url } = await withThree()
    expect(await subscribe(await connected(url), { recover: true, offset: 2 })).toMatchObject({ subscribe: { recovered: true } })
  })

  test.each([
    ['another epoch', { offset: 1, epoch: 'other' }],
    ['an offset of the future', { offset: 9 }],
    ['an offset beyond every stream', { offset: 2 ** 60 }],
  ])('%s is not recovered', async (_, position) => {
    const { url, epoch, engine } = await withThree()
    expect(await subscribe(await connected(url), { epoch, recover: true, ...position })).toEqual(
      { id: 2, subscribe: { recoverable: true, positioned: true, was_recovering: true, epoch, offset: 3 } })
    expect(engine.stats().recoveries).toEqual({ recovered: 0, unrecovered: 1 })
  })

  test('with flag 2 what can not be recovered is refused instead, and nothing stays subscribed', async () => {
    const { url, engine } = await withThree()
    expect(await subscribe(await connected(url), { recover: true, offset: 1, epoch: 'other', flag: 3 })).toEqual(
      { id: 2, error: { code: 112, message: 'unrecoverable position' } })
    expect(engine.stats()).toMatchObject({ subscriptions: 0, channels: 0 })
  })

  test('what the history has dropped is not recovered', async () => {
    const { url, engine } = await start()
    const { epoch } = engine.publish('kept:a', 0) as { epoch: string }
    for (let n = 0; n < 11; n++) engine.publish('kept:a', n)
    expect(await subscribe(await connected(url), { recover: true, offset: 1, epoch })).toMatchObject({ subscribe: { offset: 12, epoch } })
    expect(await subscribe(await connected(url), { recover: true, offset: 2, epoch })).toMatchObject({ subscribe: { offset: 2, recovered: true } })
  })

  test.each([[300, true], [301, false]])('%i missed publications are recovered: %s', async (missed, isRecovered) => {
    const { url, engine } = await start({ channel: { namespaces: [{ name: 'kept', ...KEPT, historySize: 1_000 }] } })
    for (let n = 0; n < missed; n++) engine.publish('kept:a', n)
    const { subscribe: result } = await subscribe(await connected(url), { recover: true }) as { subscribe: Subscribed }
    expect('recovered' in result).toBe(isRecovered)
  })

  test('where it is only allowed it must be asked for; a right to history is enough to ask', async () => {
    const rules = { allowSubscribeForClient: true, historySize: 10, historyTtl: 60_000 }
    const namespaces = [{ name: 'kept', ...rules, allowRecovery: true }, { name: 'read', ...rules, allowHistoryForClient: true }, { name: 'none', ...rules }]
    const { url } = await start({ channel: { namespaces } })
    const ask = async (channel: string, request: object): Promise<unknown> => (await subscribe(await connected(url), { channel, ...request })).subscribe
    expect(await ask('kept:a', { recover: true })).toEqual({ was_recovering: true })
    expect(await ask('kept:a', { recoverable: true })).toMatchObject({ recoverable: true, positioned: true })
    expect(await ask('read:a', { recoverable: true })).toMatchObject({ recoverable: true })
    expect(await ask('read:a', { positioned: true })).toEqual({ positioned: true, epoch: expect.any(String) as string })
    expect(await ask('none:a', { recoverable: true, positioned: true })).toEqual({})
  })
})

/** A broker whose history waits until it is let go, and that can be made to skip. */
function slowBroker(): { factory: (events: BrokerEvents) => Broker, release: () => void, events: () => BrokerEvents } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let events: BrokerEvents | undefined
  return {
    release: () => { resolve(undefined) },
    events: () => events as BrokerEvents,
    factory(given) {
      events = given
      const memory = createMemoryBroker(given, { clock: systemClock, random: Math.random })
      const history: Broker['history'] = async (channel, filter, retention) => {
        const slice = await memory.history(channel, filter, retention)
        await promise
        return slice
      }
      return { publish: memory.publish.bind(memory), history, removeHistory: memory.removeHistory.bind(memory), close: memory.close.bind(memory) }
    },
  }
}

describe('live publications while a subscription is being made', () => {
  test('follow the reply, each once', async () => {
    const broker = slowBroker()
    const { url, engine } = await start({ broker: broker.factory })
    engine.publish('kept:a', 1)
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'kept:a', recover: true } })
    await expect.poll(() => engine.stats().subscriptions).toBe(1)
    engine.publish('kept:a', 2)
    engine.publish('kept:a', 3)
    broker.release()
    expect(await next()).toMatchObject({ subscribe: { recovered: true, publications: [{ offset: 1 }] } })
    expect([await next(), await next()]).toMatchObject([{ push: { pub: { offset: 2 } } }, { push: { pub: { offset: 3 } } }])
    engine.publish('kept:a', 4)
    expect(await next()).toMatchObject({ push: { pub: { offset: 4 } } })
  })

  test('an application that unsubscribes meanwhile is obeyed after the reply', async () => {
    const broker = slowBroker()
    const { url, engine } = await start({ broker: broker.factory })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'kept:a' } })
    await expect.poll(() => engine.stats().subscriptions).toBe(1)
    engine.unsubscribe({ user: 'u', channel: 'kept:a' })
    broker.release()
    expect(await next()).toMatchObject({ id: 2, subscribe: {} })
    expect(await next()).toMatchObject({ push: { unsubscribe: { code: 2000 } } })
    expect(engine.stats().subscriptions).toBe(0)
  })

  test('a connection that goes meanwhile leaves nothing behind', async () => {
    const broker = slowBroker()
    const { url, engine } = await start({ broker: broker.factory })
    const { send, socket } = await connected(url)
    send({ id: 2, subscribe: { channel: 'kept:a' } })
    await expect.poll(() => engine.stats().subscriptions).toBe(1)
    socket.terminate()
    await expect.poll(() => engine.stats().sockets).toBe(0)
    broker.release()
    expect(engine.stats()).toMatchObject({ subscriptions: 0, channels: 0, connections: 0, users: 0 })
  })
})

describe('a gap', () => {
  test('ends positioned subscriptions with 2500, and old publications are skipped', async () => {
    const broker = slowBroker()
    broker.release()
    const { url, engine } = await start({ broker: broker.factory })
    const { send, next } = await connected(url)
    send({ id: 2, subscribe: { channel: 'kept:a' } })
    const { subscribe: { epoch } } = await next() as { subscribe: Subscribed }
    const { onPublication } = broker.events()
    onPublication('kept:a', { data: '1', offset: 1 }, epoch)
    onPublication('kept:a', { data: '1', offset: 1 }, epoch)
    onPublication('kept:a', { data: '2', offset: 2 }, epoch)
    onPublication('kept:a', { data: '4', offset: 4 }, epoch)
    onPublication('kept:a', { data: '5', offset: 5 }, epoch)
    expect([await next(), await next(), await next()]).toMatchObject([{ push: { pub: { offset: 1 } } }, { push: { pub: { offset: 2 } } }, { push: { unsubscribe: { code: 2500, reason: 'insufficient state' } } }])
    expect(engine.stats()).toMatchObject({ subscriptions: 0, unsubscribes: { 2500: 1 } })
  })

  test('of the epoch does so too', async () => {
    const broker = slowBroker()
    broker.release()
    const { url } = await start({ broker: broker.factory })
    const { send, next } = await raw(url)
    send({ id: 1, connect: { token: await sign({ sub: 'u' }) } }, { id: 2, subscribe: { channel: 'kept:a' } })
    await next()
    await next()
    broker.events().onPublication('kept:a', { data: '1', offset: 1 }, 'other')
    expect(await next()).toMatchObject({ push: { unsubscribe: { code: 2500 } } })
  })
})
