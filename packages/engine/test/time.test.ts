import { describe, expect, test } from 'vitest'
import type { ManualClock, Raw } from './kit.ts'
import { connected, manualClock, raw, sign, start } from './kit.ts'

/** Seconds of the manual clock, which starts now. */
const at = (clock: ManualClock, seconds: number): number => Math.floor(clock.now() / 1000) + seconds

const forever = { expire_at: 0 }

async function frameCount({ frames, socket }: Raw): Promise<number> {
  await new Promise(resolve => { socket.ping(); socket.once('pong', resolve) })
  return frames.length
}

describe('pings', () => {
  test.each([[0, 12_500], [0.5, 18_750], [0.999, 24_987]])('the first comes at random in the second half of the interval (%d)', async (random, due) => {
    const clock = manualClock()
    const { url } = await start({ clock, random: () => random })
    const connection = await connected(url, 'u', forever)
    clock.advance(due - 200)
    expect(await frameCount(connection)).toBe(1)
    clock.advance(400)
    expect(await connection.nextText()).toBe('{}')
  })

  test('whoever answers goes on, whoever does not is disconnected after the timeout', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, random: () => 0 })
    const { nextText, send, closed, socket } = await connected(url, 'u', forever)
    clock.advance(12_600)
    expect(await nextText()).toBe('{}')
    send('{}')
    await new Promise(resolve => { socket.ping(); socket.once('pong', resolve) })
    clock.advance(25_100)
    expect(await nextText()).toBe('{}')
    clock.advance(8_200)
    expect(await closed).toEqual([3012, 'no pong'])
  })

  test('a pong is given once', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, random: () => 0 })
    const { nextText, send, closed } = await connected(url, 'u', forever)
    clock.advance(12_600)
    await nextText()
    send('null', '{}')
    expect(await closed).toEqual([3501, 'bad request'])
  })

  test('native ones are frames of the WebSocket', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, random: () => 0 })
    const { send, next, socket } = await raw(`${url}?cf_ws_frame_ping_pong=true`)
    send({ id: 1, connect: { token: await sign({ sub: 'u', ...forever }) } })
    await next()
    const ping = new Promise(resolve => socket.once('ping', resolve))
    clock.advance(12_600)
    await ping
    clock.advance(60_000)
    expect(socket.readyState).toBe(1)
  })
})

describe('closing by time', () => {
  test('who does not connect is stale', async () => {
    const clock = manualClock()
    const { url, engine } = await start({ clock })
    const { closed } = await raw(url)
    await expect.poll(() => engine.stats().sockets).toBe(1)
    clock.advance(10_200)
    expect(await closed).toEqual([3502, 'stale'])
  })

  test('who was refused at connect is cut without a code', async () => {
    const clock = manualClock()
    const { url } = await start({ clock })
    const { send, next, closed } = await raw(url)
    send({ id: 1, connect: { token: await sign({ sub: 'u', exp: at(clock, -5) }) } })
    await next()
    clock.advance(5_200)
    expect(await closed).toEqual([1006, ''])
  })

  test('an expired connection has its grace, and a refresh within it saves it', async () => {
    const clock = manualClock()
    const { url } = await start({ clock, random: () => 1, client: { pingInterval: 3_600_000 } })
    const [saved, lost] = [await connected(url, 'saved', { exp: at(clock, 60) }), await connected(url, 'lost', { exp: at(clock, 60) })]
    clock.advance(84_000)
    saved.send({ id: 2, refresh: { token: await sign({ sub: 'saved', exp: at(clock, 600) }) } })
    expect(await saved.next()).toMatchObject({ refresh: { expires: true } })
    clock.advance(2_200)
    expect(await lost.closed).toEqual([3005, 'connection expired'])
    expect(saved.socket.readyState).toBe(1)
  })

  test('an expired subscription has its grace and ends with 2501, unless it is refreshed', async () => {
    const clock = manualClock()
    const { url, engine } = await start({ clock, random: () => 1, client: { pingInterval: 3_600_000 } })
    const { send, next } = await connected(url, 'u', forever)
    const token = (channel: string, seconds: number): Promise<string> => sign({ sub: 'u', channel, exp: at(clock, seconds) })
    send({ id: 2, subscribe: { channel: '$open:a', token: await token('$open:a', 60) } }, { id: 3, subscribe: { channel: '$open:b', token: await token('$open:b', 60) } })
    expect([await next(), await next()]).toMatchObject([{ subscribe: { expires: true, ttl: 60 } }, { subscribe: { ttl: 60 } }])
    clock.advance(84_000)
    send({ id: 4, sub_refresh: { channel: '$open:b', token: await token('$open:b', 300) } })
    await next()
    clock.advance(2_200)
    expect(await next()).toEqual({ push: { channel: '$open:a', unsubscribe: { code: 2501, reason: 'expired' } } })
    expect([...engine.channels().keys()]).toEqual(['$open:b'])
  })
})
