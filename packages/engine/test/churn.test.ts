import { expect, test } from 'vitest'
import { connected, manualClock, start } from './kit.ts'

test('after churn every gauge is zero and no timer is left', async () => {
  const clock = manualClock()
  const { url, engine } = await start({ clock })
  const churn = async (n: number): Promise<void> => {
    const user = n % 3 === 0 ? `cut/${n}` : `user/${n % 7}`
    const { send, next, socket, closed } = await connected(url, user)
    send({ id: 2, subscribe: { channel: 'seen:a' } }, { id: 3, subscribe: { channel: `open:${n}` } }, { id: 4, unsubscribe: { channel: 'seen:a' } })
    while ((await next()).id !== 4);
    if (n % 3 === 0) engine.disconnect({ user })
    else if (n % 3 === 1) socket.terminate()
    else socket.close()
    await closed
  }
  await Promise.all(Array.from({ length: 100 }, (_, n) => churn(n)))
  await expect.poll(() => engine.stats()).toMatchObject({ sockets: 0, connections: 0, users: 0, subscriptions: 0, channels: 0 })
  expect([...engine.presence('seen:a')]).toEqual([])
  expect(engine.connections()).toEqual([])
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
