import { describe, expect, test } from 'vitest'
import { ApiError } from '../src/index.ts'
import { createManualClock } from './kit/clock.ts'
import { connectTo, createRecorder, sign, startEngine, tokensFor, USER } from './kit/engine.ts'

const A = 'tenant:acme:deployments'
const B = 'tenant:acme:alerts'
const unauthorized = (): Promise<never> => Promise.reject(new ApiError({ code: 'unauthenticated', status: 401, detail: 'no session' }))

describe('one connection, one subscription per channel', () => {
  test('two users of a channel share its subscription and both get everything', async () => {
    const { engine, url } = await startEngine()
    const { connection, asked } = connectTo(url)
    const first = createRecorder()
    connection.subscribe(A, first)
    await expect.poll(() => first.told).toEqual(['subscribed'])
    engine.publish(A, 1)
    await expect.poll(() => first.told).toEqual(['subscribed', 1])
    const second = createRecorder()
    connection.subscribe(A, second)
    await expect.poll(() => second.told).toEqual(['subscribed'])
    engine.publish(A, 2)
    await expect.poll(() => [first.told, second.told]).toEqual([['subscribed', 1, 2], ['subscribed', 2]])
    expect(engine.channels().get(A)).toBe(1)
    expect(engine.connections()).toHaveLength(1)
    expect(asked).toEqual([[A]])
  })

  test('the subscription goes with its last user, after a moment', async () => {
    const { engine, url } = await startEngine()
    const { connection, asked } = connectTo(url)
    const [first, second] = [createRecorder(), createRecorder()]
    const release = connection.subscribe(A, first)
    const releaseSecond = connection.subscribe(A, second)
    await expect.poll(() => second.told).toEqual(['subscribed'])
    release()
    release()
    engine.publish(A, 1)
    await expect.poll(() => second.told).toEqual(['subscribed', 1])
    expect(first.told).toEqual(['subscribed'])
    releaseSecond()
    const third = createRecorder()
    const releaseThird = connection.subscribe(A, third)
    await expect.poll(() => third.told).toEqual(['subscribed'])
    expect(asked).toEqual([[A]])
    releaseThird()
    await expect.poll(() => engine.channels().size).toBe(0)
    expect(engine.connections()).toHaveLength(1)
    connection.subscribe(A, first)
    await expect.poll(() => first.told).toEqual(['subscribed', 'subscribed'])
  })

  test('tokens of channels subscribed together are asked for in one request', async () => {
    const { engine, url } = await startEngine()
    const { connection, asked } = connectTo(url)
    const recorders = [A, B, 'tenant:acme:metrics'].map(channel => {
      const recorder = createRecorder()
      connection.subscribe(channel, recorder)
      return recorder
    })
    await expect.poll(() => recorders.map(({ told }) => told)).toEqual([['subscribed'], ['subscribed'], ['subscribed']])
    expect(asked).toEqual([[A, B, 'tenant:acme:metrics']])
    expect(engine.channels().size).toBe(3)
  })
})

describe('a cut connection', () => {
  test('comes back by itself with what was missed', async () => {
    const { engine, url } = await startEngine()
    const { connection, statuses } = connectTo(url)
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    engine.publish(A, 0)
    await expect.poll(() => connection.status.state).toBe('connected')
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    engine.disconnect({ user: USER, code: 3012 })
    engine.publish(A, 1)
    await expect.poll(() => recorder.told).toEqual(['subscribed', 'lost', 'recovered', 1])
    expect(statuses.map(({ state }) => state)).toEqual(['connecting', 'connected', 'offline', 'connected'])
  })

  test('says since when it is away and when it tries again at the latest', async () => {
    const { engine, url } = await startEngine()
    const { connection, statuses } = connectTo(url, { minReconnectMs: 60_000, maxReconnectMs: 90_000 })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    engine.disconnect({ user: USER, code: 3012 })
    await expect.poll(() => connection.status.state).toBe('offline')
    const status = connection.status
    expect(status).toMatchObject({ state: 'offline', since: expect.any(Number), nextRetryAt: expect.any(Number) })
    if (status.state === 'offline') expect((status.nextRetryAt ?? 0) - status.since).toBe(90_000)
    connection.retryNow()
    await expect.poll(() => recorder.told.at(-1)).toBe('recovered')
    expect(statuses.at(-1)?.state).toBe('connected')
  })

  test('a service that is not there yet is tried until it is', async () => {
    const { port, url, crash } = await startEngine()
    await crash()
    const { connection, statuses } = connectTo(url)
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => statuses.filter(({ state }) => state === 'offline').length).toBeGreaterThan(1)
    expect(recorder.told).toEqual(['lost'])
    const late = createRecorder()
    connection.subscribe(A, late)
    await expect.poll(() => late.told).toContain('lost')
    await startEngine(port)
    await expect.poll(() => recorder.told).toEqual(['lost', 'subscribed'])
    expect(new Set(statuses.flatMap(status => status.state === 'offline' ? [status.since] : [])).size).toBe(1)
  })

  test('a token endpoint that does not answer is asked again', async () => {
    const { url } = await startEngine()
    let isBroken = true
    const { connection, tokens } = connectTo(url, { getToken: () => isBroken ? Promise.reject(new Error('no network')) : Promise.resolve(sign()) })
    connection.connect()
    await expect.poll(tokens).toBeGreaterThan(1)
    expect(connection.status.state).toBe('offline')
    isBroken = false
    await expect.poll(() => connection.status.state).toBe('connected')
  })
})

test('a subscription stands while its next token cannot be had', async () => {
  const { engine, url } = await startEngine()
  const soon = (): number => Math.floor(Date.now() / 1000) + 2
  const { connection, asked } = connectTo(url, {
    getSubscriptionTokens: () => asked.length === 1 ? Promise.resolve({ [A]: sign({ channel: A, exp: soon() }) }) : Promise.reject(new Error('no network')),
  })
  const recorder = createRecorder()
  connection.subscribe(A, recorder)
  await expect.poll(() => asked.length, { timeout: 5000 }).toBe(2)
  engine.publish(A, 1)
  await expect.poll(() => recorder.told).toEqual(['subscribed', 1])
})

describe('an invalid token (3500), terminal for the client library', () => {
  test('a new token is asked for and the connection made', async () => {
    const { url } = await startEngine()
    const answers = [sign({}, 'another key'), sign({}, 'another key')]
    const { connection, statuses, tokens, ends } = connectTo(url, { getToken: () => Promise.resolve(answers.shift() ?? sign()) })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => connection.status.state).toBe('connected')
    await expect.poll(() => recorder.told).toEqual(['lost', 'subscribed'])
    expect(tokens()).toBe(3)
    expect(statuses.filter(({ state }) => state === 'closed')).toEqual([])
    expect(ends).toEqual([])
  })

  test('a running connection gets new tokens for itself and its channels, and its users go on', async () => {
    const { engine, url } = await startEngine()
    const { connection, tokens, asked } = connectTo(url)
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    engine.disconnect({ user: USER, code: 3500 })
    await expect.poll(() => recorder.told).toEqual(['subscribed', 'lost', 'subscribed'])
    expect([tokens(), asked]).toEqual([2, [[A], [A]]])
    engine.publish(A, 1)
    await expect.poll(() => recorder.told.at(-1)).toBe(1)
  })

  test('retryNow does not wait for the backoff', async () => {
    const { engine, url } = await startEngine()
    const { connection } = connectTo(url, { minReconnectMs: 60_000, maxReconnectMs: 60_000 })
    connection.connect()
    await expect.poll(() => connection.status.state).toBe('connected')
    engine.disconnect({ user: USER, code: 3500 })
    await expect.poll(() => connection.status.state).toBe('offline')
    connection.retryNow()
    await expect.poll(() => connection.status.state).toBe('connected')
  })
})

describe('the end', () => {
  test.each([3503, 4501])('a revocation (%i) closes for good and says so once', async code => {
    const { engine, url } = await startEngine()
    const { connection, ends, tokens } = connectTo(url)
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    // A reason is needed: the official client takes a terminal code without one for a mishap and comes back.
    engine.disconnect({ user: USER, code, reason: 'revoked' })
    await expect.poll(() => recorder.told).toEqual(['subscribed', 'lost', 'closed'])
    expect(connection.status).toMatchObject({ state: 'closed', code })
    expect(ends).toMatchObject([{ code }])
    const late = createRecorder()
    connection.subscribe(A, late)
    await expect.poll(() => late.told).toEqual(['closed'])
    expect(tokens()).toBe(1)
    connection.connect()
    const again = createRecorder()
    connection.subscribe(B, again)
    await expect.poll(() => again.told).toEqual(['subscribed'])
  })

  test('without a session there is no connection', async () => {
    const { url } = await startEngine()
    const { connection, ends } = connectTo(url, { getToken: unauthorized })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['closed'])
    expect(ends).toHaveLength(1)
  })

  test('close ends everything, more than once, and is no termination', async () => {
    const { engine, url } = await startEngine()
    const { connection, ends } = connectTo(url)
    const recorder = createRecorder()
    const release = connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    await Promise.all([connection.close(), connection.close()])
    expect(recorder.told).toEqual(['subscribed', 'closed'])
    release()
    await expect.poll(() => engine.stats().sockets).toBe(0)
    expect(ends).toEqual([])
  })
})

describe('a channel that may not be read', () => {
  test('is denied by its token, and the others are not', async () => {
    const { url } = await startEngine()
    const { connection } = connectTo(url, {
      getSubscriptionTokens: async channels => ({ ...await tokensFor(channels), [B]: { error: { code: 'forbidden', detail: 'You may not.' } } }),
    })
    const [allowed, denied] = [createRecorder(), createRecorder()]
    connection.subscribe(A, allowed)
    connection.subscribe(B, denied)
    await expect.poll(() => [allowed.told, denied.told]).toEqual([['subscribed'], ['denied forbidden']])
  })

  test('is denied when the service takes the right away, and may be tried again', async () => {
    const { engine, url } = await startEngine()
    const { connection } = connectTo(url)
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['subscribed'])
    engine.unsubscribe({ user: USER, channel: A })
    await expect.poll(() => recorder.told).toEqual(['subscribed', 'denied forbidden'])
    const again = createRecorder()
    connection.subscribe(A, again)
    await expect.poll(() => again.told).toEqual(['subscribed'])
  })

  test('a realtime server that refuses a token of the service is asked again with the next one', async () => {
    const { engine, url } = await startEngine()
    let refused = 2
    const { connection } = connectTo(url, {
      getSubscriptionTokens: async channels => refused-- > 0 ? { [A]: (await tokensFor([B]))[B] ?? '' } : tokensFor(channels),
    })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told, { timeout: 5000 }).toEqual(['lost', 'subscribed'])
    engine.publish(A, 1)
    await expect.poll(() => recorder.told).toEqual(['lost', 'subscribed', 1])
  })

  test('a channel that is let go of meanwhile is not subscribed again', async () => {
    const { url } = await startEngine()
    const clock = createManualClock()
    const { connection } = connectTo(url, { clock, getSubscriptionTokens: async () => ({ [A]: (await tokensFor([B]))[B] ?? '' }) })
    const recorder = createRecorder()
    const release = connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['lost'])
    expect(clock.pending).toHaveLength(1)
    release()
    await clock.advance(0)
    expect(clock.pending).toHaveLength(2)
    await connection.close()
    expect(clock.pending).toEqual([])
  })

  test('a connection that is made anew meanwhile subscribes at once, and nothing is left of the wait', async () => {
    const { engine, url } = await startEngine()
    const clock = createManualClock()
    let isRefused = true
    const { connection } = connectTo(url, { clock, getSubscriptionTokens: async channels => isRefused ? { [A]: (await tokensFor([B]))[B] ?? '' } : tokensFor(channels) })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['lost'])
    const late = createRecorder()
    connection.subscribe(A, late)
    await expect.poll(() => late.told).toEqual(['lost'])
    isRefused = false
    engine.disconnect({ user: USER, code: 3500 })
    await expect.poll(() => connection.status.state).toBe('offline')
    expect(clock.pending).toHaveLength(1)
    await clock.advance(60)
    await expect.poll(() => recorder.told).toEqual(['lost', 'subscribed'])
    expect(clock.pending).toEqual([])
  })

  test('is denied by what no other token changes: more channels than a connection may have', async () => {
    const { url } = await startEngine(0, { channelLimit: 1 })
    const { connection } = connectTo(url)
    const [first, second] = [createRecorder(), createRecorder()]
    connection.subscribe(A, first)
    await expect.poll(() => first.told).toEqual(['subscribed'])
    connection.subscribe(B, second)
    await expect.poll(() => second.told).toEqual(['denied 106'])
  })

  test('an answer that may change is asked for again', async () => {
    const { url } = await startEngine()
    let isBusy = true
    const { connection } = connectTo(url, {
      getSubscriptionTokens: channels => isBusy
        ? Promise.resolve({ [A]: { error: { code: 'unavailable', detail: 'Try again.' } } })
        : tokensFor(channels),
    })
    const recorder = createRecorder()
    connection.subscribe(A, recorder)
    await expect.poll(() => recorder.told).toEqual(['lost'])
    isBusy = false
    await expect.poll(() => recorder.told, { timeout: 5000 }).toEqual(['lost', 'subscribed'])
  })
})
