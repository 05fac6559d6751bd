import { expect, test } from 'vitest'
import { connected, start, until } from './kit.ts'

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
