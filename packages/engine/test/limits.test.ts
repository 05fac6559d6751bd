import { describe, expect, test } from 'vitest'
import { Rates } from '../src/rates.ts'
import { connected, manualClock, raw, sign, start } from './kit.ts'
import type { ManualClock } from './kit.ts'

const tenantOf = ({ user }: { user: string }): string | undefined => user.split('/')[0]

test('messages of a user above the rate are error 111, time gives them back, others are not meant', async () => {
  const clock = manualClock()
  const { url, engine } = await start({ clock, limits: { perUser: { messages: { perSecond: 1, burst: 2 } } } })
  const [one, other] = [await connected(url, 'one'), await connected(url, 'other')]
  const publish = async ({ send, next }: typeof one, id: number): Promise<unknown> => {
    send({ id, publish: { channel: 'open:a', data: id } })
    return ((await next()) as { error?: { code: number } }).error?.code
  }
  expect([await publish(one, 2), await publish(one, 3), await publish(one, 4), await publish(other, 2)]).toEqual([undefined, undefined, 111, undefined])
  clock.advance(1_000)
  expect([await publish(one, 5), await publish(one, 6)]).toEqual([undefined, 111])
  expect(engine.stats().errors).toEqual({ 111: 2 })
})

test('a send above the rate ends the connection with 3013, because it has no reply', async () => {
  const { url } = await start({ limits: { perUser: { messages: { perSecond: 1 } } }, hooks: { onMessage: () => undefined } })
  const { send, closed } = await connected(url)
  send({ send: { data: 1 } }, { send: { data: 2 } })
  expect(await closed).toEqual([3013, 'too many requests'])
})

describe('rates of a group', () => {
  async function subscribed(clock: ManualClock): Promise<{ tryToSubscribe: (user: string, channel: string) => Promise<unknown> }> {
    const { url } = await start({ clock, limits: { groupOf: tenantOf, perGroup: { subscriptions: { perSecond: 1, burst: 2 } } } })
    return { tryToSubscribe: async (user, channel) => {
      const { send, next } = await connected(url, user)
      send({ id: 2, subscribe: { channel } })
      return ((await next()) as { error?: { code: number } }).error?.code
    } }
  }

  test('count its users together and no other group', async () => {
    const { tryToSubscribe } = await subscribed(manualClock())
    expect([await tryToSubscribe('acme/a', 'open:a'), await tryToSubscribe('acme/b', 'open:a'), await tryToSubscribe('acme/c', 'open:a'), await tryToSubscribe('other/a', 'open:a')])
      .toEqual([undefined, undefined, 111, undefined])
  })

  test('of connections are a temporary error of connect', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, limits: { groupOf: tenantOf, perGroup: { connections: { perSecond: 1 } } } })
    const connect = async (user: string): Promise<unknown> => {
      const { send, next } = await raw(url)
      send({ id: 1, connect: { token: await sign({ sub: user }) } })
      return next()
    }
    expect(await connect('acme/a')).toMatchObject({ connect: {} })
    expect(await connect('acme/b')).toMatchObject({ error: { code: 111, temporary: true } })
    expect(await connect('other/b')).toMatchObject({ connect: {} })
    clock.advance(1_000)
    expect(await connect('acme/b')).toMatchObject({ connect: {} })
  })
})

test('buckets that are full again are forgotten', () => {
  const rates = new Rates({ perSecond: 10 })
  for (let n = 0; n < 1_000; n++) rates.take(`k${n}`, 0)
  for (let n = 0; n < 200; n++) rates.take(`l${n}`, 10_000)
  expect(rates.size).toBeLessThan(300)
})
