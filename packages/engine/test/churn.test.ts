import { expect, test } from 'vitest'
import { OPEN, SEEN, connected, manualClock, start } from './kit.ts'

const CONNECTIONS = 1_000
/** Open at once: enough to overlap, few enough for any limit of open files. */
const AT_ONCE = 100

test('after churn of 1,000 connections every gauge is zero and no timer is left', { timeout: 120_000 }, async () => {
  const clock = manualClock()
  const occupied = new Map<string, number>()
  const { url, engine } = await start({ clock, hooks: {
    onOccupied: channel => { occupied.set(channel, (occupied.get(channel) ?? 0) + 1) },
    onVacated: channel => { occupied.set(channel, (occupied.get(channel) ?? 0) - 1) },
  }, channel: { namespaces: [
    { name: 'open', ...OPEN }, { name: 'seen', ...SEEN, historySize: 5, historyTtl: 60_000, allowedDeltaTypes: ['fossil'], forceRecovery: true },
  ] } })
  const churn = async (n: number): Promise<void> => {
    const user = n % 4 === 0 ? `cut/${n}` : `user/${n % 7}`
    const { send, next, socket, closed } = await connected(url, user, { channels: [`seen:${n % 5}`] })
    send({ id: 2, subscribe: { channel: 'seen:a', delta: 'fossil' } }, { id: 3, subscribe: { channel: `open:${n}` } }, { id: 4, publish: { channel: 'seen:a', data: n } }, { id: 5, unsubscribe: { channel: 'seen:a' } })
    while ((await next()).id !== 5);
    if (n % 4 === 0) engine.disconnect({ user })
    else if (n % 4 === 1) socket.terminate()
    else if (n % 4 === 2) socket.close()
    else {
      engine.unsubscribe({ user })
      socket.terminate()
    }
    await closed
  }
  for (let from = 0; from < CONNECTIONS; from += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => churn(from + at)))
  await expect.poll(() => engine.stats()).toMatchObject({ sockets: 0, connections: 0, users: 0, subscriptions: 0, channels: 0 })
  for (const channel of ['seen:a', ...Array.from({ length: 5 }, (_, n) => `seen:${n}`)]) expect([...engine.presence(channel)]).toEqual([])
  expect(engine.connections()).toEqual([])
  const left = engine.metrics().split('\n').filter(line => /^centrifugo_\S*(?:inflight|num_(?:clients|users|subscriptions|channels))/u.test(line) && !line.endsWith(' 0'))
  expect(left).toEqual([])
  await expect.poll(() => [...occupied.values()].every(count => count === 0)).toBe(true)
  expect(occupied.size).toBe(CONNECTIONS + 6)
  // What is kept of streams ends by itself.
  clock.advance(2_592_100_000 / 1_000)
  await engine.close()
  expect(clock.timers).toBe(0)
})

test('messages and bytes are counted both ways', async () => {
  const { url, engine } = await start()
  const { send, next, frames } = await connected(url)
  send({ id: 2, subscribe: { channel: 'open:a' } })
  await next()
  const { messagesIn, messagesOut, bytesOut } = engine.stats()
  expect([messagesIn, messagesOut, bytesOut]).toEqual([2, 2, Buffer.byteLength(frames.join(''))])
})
