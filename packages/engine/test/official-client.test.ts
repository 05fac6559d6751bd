import { expect, test } from 'vitest'
import type { SubscribedContext, UnsubscribedContext } from 'centrifuge'
import { createEngine } from '../src/index.ts'
import { KEPT, SECRET, hearing, listen, official, once, start, until } from './kit.ts'

test('the official client connects, subscribes, publishes and hears itself', async () => {
  const { url } = await start()
  const client = official(url)
  const { subscription, heard } = await hearing(client, 'kept:a', ({ data }) => data as unknown)
  await subscription.publish({ n: 1 })
  expect(heard).toEqual([{ n: 1 }])
})

test('what was published while a client was away is recovered in order, once', async () => {
  const { url, engine } = await start()
  const client = official(url)
  const { subscription, heard } = await hearing(client, 'kept:a', ({ offset = 0 }) => offset)
  engine.publish('kept:a', 1)
  await until(() => heard.length === 1)
  const back = once<SubscribedContext>(subscription, 'subscribed')
  engine.disconnect({ user: 'u', code: 3011 })
  engine.publish('kept:a', 2)
  engine.publish('kept:a', 3)
  const context = await back
  expect([context.wasRecovering, context.recovered]).toEqual([true, true])
  await until(() => heard.length === 3)
  expect(heard).toEqual([1, 2, 3])
})

test('presence, presence stats and history come in the shapes the official client reads', async () => {
  const { url, engine } = await start()
  const client = official(url)
  const subscription = client.newSubscription('seen:a')
  subscription.subscribe()
  client.connect()
  await subscription.ready(5_000)
  const { clients } = await subscription.presence()
  expect(Object.values(clients).map(({ user }) => user)).toEqual(['u'])
  expect(await subscription.presenceStats()).toEqual({ numClients: 1, numUsers: 1 })
  engine.publish('kept:b', { n: 1 }, { tags: { kind: 'x' } })
  const history = await client.history('kept:b', { limit: 10 })
  expect(history.publications).toMatchObject([{ data: { n: 1 }, offset: 1, tags: { kind: 'x' } }])
})

test('clients told of a shutdown come back to the engine that takes over', async () => {
  const first = await start()
  const client = official(first.url)
  const subscription = client.newSubscription('kept:a')
  subscription.subscribe()
  client.connect()
  await subscription.ready(5_000)
  const connecting = once<{ code: number }>(client, 'connecting')
  await first.engine.close()
  expect((await connecting).code).toBe(3001)
  const second = createEngine({ client: { token: { hmacSecretKey: SECRET } }, channel: { namespaces: [{ name: 'kept', ...KEPT }] } })
  const taken = await listen(second)
  const other = official(taken.url)
  other.connect()
  await other.ready(5_000)
  expect(second.stats().connections).toBe(1)
})

test('a server unsubscribe ends the subscription, one above 2499 makes it come back', async () => {
  const { url, engine } = await start()
  const client = official(url)
  const subscription = client.newSubscription('open:a')
  subscription.subscribe()
  client.connect()
  await subscription.ready(5_000)
  const again = once(subscription, 'subscribed')
  engine.unsubscribe({ user: 'u', channel: 'open:a', code: 2500 })
  await again
  const over = once<UnsubscribedContext>(subscription, 'unsubscribed')
  engine.unsubscribe({ user: 'u', channel: 'open:a' })
  expect((await over).code).toBe(2000)
})
