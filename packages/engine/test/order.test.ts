import { expect, test } from 'vitest'
import { connected, start } from './kit.ts'

test('replies come in the order of the commands although some wait longer', async () => {
  const waits: Record<string, number> = { 'open:0': 20, 'open:1': 0, 'open:2': 10 }
  const { url } = await start({ hooks: { async onSubscribing({ channel }) { await new Promise(resolve => setTimeout(resolve, waits[channel])) } } })
  const { send, next } = await connected(url)
  send({ id: 2, subscribe: { channel: 'open:0' } })
  send({ id: 3, subscribe: { channel: 'open:1' } }, { id: 4, subscribe: { channel: 'open:2' } })
  send({ id: 5, unsubscribe: { channel: 'open:1' } })
  expect([(await next()).id, (await next()).id, (await next()).id, (await next()).id]).toEqual([2, 3, 4, 5])
})

test('one connection that waits does not hold up another', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { url } = await start({ hooks: { async onSubscribing({ user }) { if (user === 'slow') await promise } } })
  const [slow, fast] = [await connected(url, 'slow'), await connected(url, 'fast')]
  slow.send({ id: 2, subscribe: { channel: 'open:a' } })
  fast.send({ id: 2, subscribe: { channel: 'open:a' } })
  expect(await fast.next()).toEqual({ id: 2, subscribe: {} })
  resolve(undefined)
  expect(await slow.next()).toEqual({ id: 2, subscribe: {} })
})

test('all subscribers see the same order, and what one turn brings comes in one frame', async () => {
  const { url, engine } = await start()
  const connections = await Promise.all(['a', 'b', 'c'].map(user => connected(url, user)))
  for (const { send, next } of connections) {
    send({ id: 2, subscribe: { channel: 'kept:a' } })
    await next()
  }
  for (let n = 0; n < 50; n++) engine.publish('kept:a', n)
  for (const { next, frames } of connections) {
    const offsets: number[] = []
    while (offsets.length < 50) offsets.push((await next() as { push: { pub: { offset: number } } }).push.pub.offset)
    expect(offsets).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    expect(frames).toHaveLength(3)
  }
})

test('a flood of commands is answered in full', async () => {
  const { url } = await start({ hooks: { onPublishing: () => Promise.resolve() } })
  const { send, next } = await connected(url)
  for (let frame = 0; frame < 10; frame++) {
    send(...Array.from({ length: 200 }, (_, at) => ({ id: frame * 200 + at + 2, publish: { channel: 'open:a', data: 1 } })))
  }
  for (let id = 2; id < 2_002; id++) expect((await next()).id).toBe(id)
})
