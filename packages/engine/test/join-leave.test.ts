import { expect, test } from 'vitest'
import { SEEN, connected, start } from './kit.ts'

const join = (info: object): object => ({ push: { channel: 'seen:a', join: { info } } })
const leave = (info: object): object => ({ push: { channel: 'seen:a', leave: { info } } })

test('a join follows the own subscribe reply and reaches the others, a leave follows the unsubscribe', async () => {
  const { url, engine } = await start()
  const first = await connected(url, 'first')
  const second = await connected(url, 'second')
  const [firstInfo, secondInfo] = [{ user: 'first', client: first.client }, { user: 'second', client: second.client }]
  first.send({ id: 2, subscribe: { channel: 'seen:a' } })
  expect([await first.next(), await first.next()]).toEqual([{ id: 2, subscribe: {} }, join(firstInfo)])
  second.send({ id: 2, subscribe: { channel: 'seen:a' } }, { id: 3, presence: { channel: 'seen:a' } })
  expect([await second.next(), await second.next()]).toEqual([{ id: 2, subscribe: {} }, join(secondInfo)])
  expect(await second.next()).toEqual({ id: 3, presence: { presence: { [first.client]: firstInfo, [second.client]: secondInfo } } })
  expect(engine.presenceStats('seen:a')).toEqual({ clients: 2, users: 2 })
  second.send({ id: 4, unsubscribe: { channel: 'seen:a' } })
  expect(await second.next()).toEqual({ id: 4, unsubscribe: {} })
  expect([await first.next(), await first.next()]).toEqual([join(secondInfo), leave(secondInfo)])
})

test('a connection that breaks leaves', async () => {
  const { url, engine } = await start()
  const first = await connected(url, 'first')
  const second = await connected(url, 'second')
  first.send({ id: 2, subscribe: { channel: 'seen:a' } })
  second.send({ id: 2, subscribe: { channel: 'seen:a' } })
  await expect.poll(() => engine.presenceStats('seen:a').clients).toBe(2)
  second.socket.terminate()
  await expect.poll(() => first.frames.join('\n')).toContain(`"leave":{"info":{"user":"second","client":"${second.client}"}}`)
  expect([...engine.presence('seen:a').keys()]).toEqual([first.client])
})

test('where joins are not forced they are sent to who asks and may see presence', async () => {
  const { forcePushJoinLeave: _, allowPresenceForClient: __, ...rules } = SEEN
  const { url } = await start({ channel: { namespaces: [
    { name: 'asked', ...rules, allowPresenceForClient: true }, { name: 'blind', ...rules },
  ] } })
  const ask = async (channel: string, request: object): Promise<string> => {
    const { send, next, frames } = await connected(url)
    send({ id: 2, subscribe: { channel, ...request } }, { id: 3, unsubscribe: { channel: 'asked:none' } })
    while ((await next()).id !== 3);
    return frames.join('\n')
  }
  expect(await ask('asked:a', { join_leave: true })).toContain('"join"')
  expect(await ask('asked:b', {})).not.toContain('"join"')
  expect(await ask('blind:a', { join_leave: true })).not.toContain('"join"')
})

test('presence that is off is told to the application', async () => {
  const { engine } = await start()
  expect(() => engine.presence('open:a')).toThrow('not available')
  expect(() => engine.presenceStats('none:a')).toThrow('unknown channel')
})
