import type { UserPresence } from '@neo-stack/events'
import { describe, expect, test } from 'vitest'
import { createStateFeed } from '../src/index.ts'
import type { SubscriptionListener } from '../src/index.ts'
import { createManualClock, flush } from './kit/clock.ts'

const user = (userId: string, status: UserPresence['status'] = 'online'): UserPresence => ({ userId, userName: userId, status })
const publication = (version: number, ...users: UserPresence[]): unknown => ({ type: 'presence_update', data: { version, users } })

/** A feed whose subscription and service the test holds in its hands. */
function setUp() {
  const clock = createManualClock()
  const seen: string[] = []
  const service = { version: 10, users: [user('ana')], asked: 0 }
  let tell: SubscriptionListener | undefined
  const feed = createStateFeed<readonly UserPresence[], readonly UserPresence[]>({
    clock, random: () => 0, channel: 'tenant:acme:presence',
    connection: { subscribe: (_, listener) => { tell = listener; return () => undefined } },
    fetchState: async () => { service.asked++; return { version: service.version, value: service.users } },
    toBatch: ({ version, users }) => typeof version === 'number' ? { version, value: users as UserPresence[] } : undefined,
    onState: users => { seen.push(`all ${users.map(({ userId }) => userId).join(' ')}`) },
    onBatch: users => { seen.push(users.map(({ userId, status }) => `${userId} ${status}`).join(', ')) },
  })
  feed.start()
  return { feed, seen, service, clock, wire: () => tell as SubscriptionListener }
}

describe('a state feed', () => {
  test('takes the list, what was told after it, and nothing twice', async () => {
    const { seen, wire } = setUp()
    wire().onSubscribed({ isRecovered: false })
    wire().onPublication(publication(10, user('ana')))
    wire().onPublication(publication(11, user('bob')))
    await flush()
    wire().onPublication(publication(11, user('bob')))
    wire().onPublication(publication(12, user('bob', 'away')))
    wire().onPublication({ nonsense: true })
    wire().onPublication(undefined)
    expect(seen).toEqual(['all ana', 'bob online', 'bob away'])
  })

  test('fetches the list again at a gap, once, and goes on from there', async () => {
    const { seen, service, wire, clock } = setUp()
    wire().onSubscribed({ isRecovered: false })
    await flush()
    service.version = 14
    service.users = [user('ana'), user('carla')]
    wire().onPublication(publication(13, user('carla')))
    await flush()
    wire().onPublication(publication(15, user('dan')))
    await clock.advance(1000)
    expect(seen).toEqual(['all ana', 'all ana carla', 'dan online'])
    expect(service.asked).toBe(2)
  })

  test('fetches the list after every absence, whatever the server recovered', async () => {
    const { seen, service, wire, feed } = setUp()
    wire().onSubscribed({ isRecovered: false })
    await flush()
    wire().onLost()
    expect(feed.status.state).toBe('offline')
    service.users = []
    wire().onSubscribed({ isRecovered: true })
    await flush()
    expect(seen).toEqual(['all ana', 'all '])
    expect(feed.status.state).toBe('live')
  })
})
