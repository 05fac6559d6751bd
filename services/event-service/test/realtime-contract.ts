import { Centrifuge, type PublicationContext, type Subscription } from 'centrifuge'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope } from '@neo-stack/events'
import type { Realtime } from '../src/realtime/realtime.ts'

/** A realtime adapter with a door for clients; `user` is `{tenantId}/{userId}`. */
export interface RealtimeSubject {
  realtime: Realtime
  url: string
  signConnection: (user: string, sessionId?: string) => Promise<string>
  signSubscription: (user: string, channel: string) => Promise<string>
  /** Ends the server as its operators do. */
  shutDown: () => Promise<void>
  stop: () => Promise<void>
}

export const ana = 'acme/0197a000-0000-7000-8000-00000000000a'
export const bob = 'acme/0197a000-0000-7000-8000-00000000000b'
export const carla = 'globex/0197a000-0000-7000-8000-00000000000c'
export const channel = 'tenant:acme:deployments'

export const eventOn = (name: string, seq: number | undefined): Envelope => ({
  id: crypto.randomUUID(), type: 'deployment_progress', channel: name, time: new Date().toISOString(), data: { number: seq },
  ...seq !== undefined && { seq, logEpoch: 'e1' },
})

/** What a client's connection or subscription told, in order. */
export class Client {
  readonly centrifuge: Centrifuge
  readonly states: { state: string, code: number }[] = []
  readonly seqs: (number | undefined)[] = []
  readonly recovered: boolean[] = []
  readonly #waiting: (() => void)[] = []

  constructor(subject: RealtimeSubject, user: string, sessionId?: string) {
    this.centrifuge = new Centrifuge(subject.url, { getToken: () => subject.signConnection(user, sessionId), minReconnectDelay: 10, maxReconnectDelay: 50 })
    this.centrifuge.on('connected', () => { this.#note('connected', 0) })
    this.centrifuge.on('connecting', ({ code }) => { this.#note('connecting', code) })
    this.centrifuge.on('disconnected', ({ code }) => { this.#note('disconnected', code) })
  }

  subscribe(name: string, getToken: () => Promise<string>): Subscription {
    const subscription = this.centrifuge.newSubscription(name, { getToken, minResubscribeDelay: 10, maxResubscribeDelay: 50 })
    subscription.on('subscribed', context => { this.recovered.push(context.recovered); this.#note('subscribed', 0) })
    subscription.on('unsubscribed', ({ code }) => { this.#note('unsubscribed', code) })
    subscription.on('publication', (context: PublicationContext) => { this.seqs.push((context.data as Envelope).seq); this.#wake() })
    subscription.subscribe()
    return subscription
  }

  /** Resolves once it holds; looks again whenever something was told. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
  }

  saw(state: string, code?: number): boolean {
    return this.states.some(one => one.state === state && (code === undefined || one.code === code))
  }

  #note(state: string, code: number): void {
    this.states.push({ state, code })
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** What every realtime adapter does for the official client. */
export function describeRealtime(name: string, start: () => Promise<RealtimeSubject>): void {
  describe(`${name} as realtime`, () => {
    let subject: RealtimeSubject
    let clients: Client[]
    beforeEach(async () => {
      clients = []
      subject = await start()
    })
    afterEach(async () => {
      for (const client of clients) client.centrifuge.disconnect()
      await subject.stop()
    })

    const connect = (user: string): Client => {
      const client = new Client(subject, user)
      clients.push(client)
      client.centrifuge.connect()
      return client
    }
    const listen = async (user: string, to = channel): Promise<Client> => {
      const client = connect(user)
      client.subscribe(to, () => subject.signSubscription(user, to))
      await client.until(() => client.saw('subscribed'))
      return client
    }
    const seqs = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

    it('delivers in the order of seq, each event once, however often it is handed over', async () => {
      const client = await listen(ana)
      const events = seqs(1, 100).map(seq => eventOn(channel, seq))
      await subject.realtime.deliver(events.slice(0, 60))
      await subject.realtime.deliver(events.slice(30, 60))
      await subject.realtime.deliver(events.slice(60))
      await client.until(() => client.seqs.includes(100))
      expect(client.seqs).toEqual(seqs(1, 100))
    })

    it('gives a client that comes back what it missed', async () => {
      const client = await listen(ana)
      await subject.realtime.deliver([eventOn(channel, 1)])
      await client.until(() => client.seqs.includes(1))
      client.centrifuge.disconnect()
      await subject.realtime.deliver(seqs(2, 20).map(seq => eventOn(channel, seq)))
      client.centrifuge.connect()
      await client.until(() => client.seqs.includes(20))
      expect(client.seqs).toEqual(seqs(1, 20))
      expect(client.recovered.at(-1)).toBe(true)
    })

    it('delivers what its channel does not keep, and keeps none of it', async () => {
      const name = 'tenant:acme:metrics'
      const client = await listen(ana, name)
      await subject.realtime.deliver([eventOn(name, undefined), eventOn(name, undefined)])
      await client.until(() => client.seqs.length === 2)
      const late = connect(bob)
      const subscription = late.subscribe(name, () => subject.signSubscription(bob, name))
      const position = new Promise<number | undefined>(resolve => { subscription.once('subscribed', context => { resolve(context.streamPosition?.offset) }) })
      expect(await position).toBe(0)
      expect(late.seqs).toEqual([])
    })

    it('lets in only with a token for this channel and this user', async () => {
      const client = connect(carla)
      client.subscribe(channel, () => Promise.resolve('nonsense'))
      await client.until(() => client.saw('unsubscribed') || client.saw('disconnected'))
      const thief = connect(carla)
      thief.subscribe(channel, () => subject.signSubscription(ana, channel))
      await thief.until(() => thief.saw('unsubscribed') || thief.saw('disconnected'))
      const wrong = connect(ana)
      wrong.subscribe(channel, () => subject.signSubscription(ana, 'tenant:acme:billing'))
      await wrong.until(() => wrong.saw('unsubscribed') || wrong.saw('disconnected'))
      await subject.realtime.deliver([eventOn(channel, 1)])
      for (const one of [client, thief, wrong]) {
        expect(one.saw('subscribed')).toBe(false)
        expect(one.seqs).toEqual([])
      }
    })

    it('cuts one user for good and leaves the others', async () => {
      const [cut, stays] = [await listen(ana), await listen(bob)]
      await subject.realtime.disconnect({ tenantId: 'acme', userId: ana.slice('acme/'.length) }, 'session revoked')
      await cut.until(() => cut.saw('disconnected', 3503))
      await subject.realtime.deliver([eventOn(channel, 1)])
      await stays.until(() => stays.seqs.length === 1)
      expect(cut.seqs).toEqual([])
      expect(stays.saw('disconnected')).toBe(false)
    })

    it('cuts one session of a user and leaves the other', async () => {
      const [cut, stays] = ['lost-laptop', 'phone'].map(sessionId => {
        const client = new Client(subject, ana, sessionId)
        clients.push(client)
        client.centrifuge.connect()
        return client
      }) as [Client, Client]
      await Promise.all([cut, stays].map(client => client.until(() => client.saw('connected'))))
      await subject.realtime.disconnect({ tenantId: 'acme', userId: ana.slice('acme/'.length), sessionId: 'lost-laptop' }, 'signed out')
      await cut.until(() => cut.saw('disconnected', 3503))
      expect(stays.centrifuge.state).toBe('connected')
      expect(stays.states.map(({ state }) => state)).not.toContain('disconnected')
    })

    it('says who is connected and ends one of a user\'s connections', async () => {
      const [cut, stays] = ['desk', 'train'].map(sessionId => {
        const client = new Client(subject, ana, sessionId)
        clients.push(client)
        client.subscribe(channel, () => subject.signSubscription(ana, channel))
        client.centrifuge.connect()
        return client
      }) as [Client, Client]
      const cutId = await new Promise<string>(resolve => { cut.centrifuge.once('connected', ({ client }) => { resolve(client) }) })
      await Promise.all([cut, stays].map(client => client.until(() => client.saw('subscribed'))))
      const userId = ana.slice('acme/'.length)
      const { connections = [] } = await subject.realtime.inspect?.connections() ?? {}
      expect(connections.filter(one => one.tenantId === 'acme' && one.userId === userId)).toHaveLength(2)
      expect(await subject.realtime.inspect?.channels()).toEqual([{ name: channel, subscribers: 2 }])
      await subject.realtime.disconnect({ tenantId: 'acme', userId, client: cutId }, 'ended by an operator')
      await cut.until(() => cut.saw('disconnected', 3503))
      expect(stays.saw('disconnected')).toBe(false)
    })

    it('cuts a whole tenant and no other', async () => {
      const [one, two, foreign] = [await listen(ana), await listen(bob), await listen(carla, 'tenant:globex:deployments')]
      await subject.realtime.disconnect({ tenantId: 'acme' }, 'tenant suspended')
      await Promise.all([one, two].map(client => client.until(() => client.saw('disconnected', 3503))))
      expect(foreign.saw('disconnected')).toBe(false)
      expect(foreign.centrifuge.state).toBe('connected')
    })

    it('counts what is live', async () => {
      await listen(ana)
      await listen(ana)
      await listen(bob, 'tenant:acme:alerts')
      await expect.poll(() => subject.realtime.stats(), { timeout: 30_000 }).toMatchObject({ connections: 3, users: 2, channels: 2, subscriptions: 3 })
    })

    it('tells clients to come back when the server ends', async () => {
      const client = await listen(ana)
      await subject.shutDown()
      await client.until(() => client.saw('connecting', 3001))
      expect(client.saw('disconnected')).toBe(false)
    })
  })
}
