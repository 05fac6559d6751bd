/**
 * Shell of one session: takes frames in, has commands decided one after the other, writes what was decided and performs its effects.
 * A command that waits (a token, a hook, history) holds back the ones behind it, so replies keep their order.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { awaitPong, dueNow, nextDeadline, startPings, startRefusal, takePong } from './deadlines.ts'
import type { Due } from './deadlines.ts'
import { listOf } from './delta.ts'
import { DISCONNECTS, reasonOf } from './disconnects.ts'
import type { Disconnect } from './disconnects.ts'
import { ERRORS } from './errors.ts'
import { toDeadline, toExpiry } from './expiry.ts'
import { denialOf } from './identity.ts'
import { Inbox } from './inbox.ts'
import { notify } from './notify.ts'
import { isRefusal } from './outcome.ts'
import { Outbox } from './outbox.ts'
import { renewConnection, renewSubscription } from './renewal.ts'
import { beginServerSide } from './server-side.ts'
import { createSession, isClosed } from './session.ts'
import { countCode } from './stats.ts'
import { UNSUBSCRIBES } from './unsubscribes.ts'
import type { Frame, TransportMeter } from './meters.ts'
import type { Codec, Message } from './codec.ts'
import type { NumberedCommand } from './command.ts'
import type { Flusher } from './flusher.ts'
import type { Hub } from './hub.ts'
import type { Dispatch, Effect, Outcome, Recovered } from './outcome.ts'
import type { ClientInfo } from './publication.ts'
import type { Push } from './reply.ts'
import type { Making } from './subscribing.ts'
import type { Incoming } from './inbox.ts'
import type { Roster } from './roster.ts'
import type { Ports, Receiver, Session, Subscription } from './session.ts'
import type { Counters } from './stats.ts'
import type { Transport, TransportEvents } from './transport.ts'
import type { Unsubscribe } from './unsubscribes.ts'
import type { Deadline, Wheel } from './wheel.ts'

/** What nobody waits for in particular. */
const MAY_WAIT: ReadonlySet<Frame> = new Set(['push_publication', 'push_join', 'push_leave'])
const UNSUBSCRIBED_BY_CLIENT: Unsubscribe = { code: 0, reason: 'client unsubscribed' }

/** What all connections of an engine share. */
export interface Shared {
  readonly ports: Ports
  readonly dispatch: Dispatch
  readonly hub: Hub
  readonly roster: Roster<Connection>
  readonly wheel: Wheel
  readonly flusher: Flusher
  readonly counters: Counters
  readonly random: () => number
}

/** What one connection is made of. */
export interface ConnectionParts {
  readonly client: string
  readonly transport: Transport
  readonly codec: Codec
  readonly headers: IncomingHttpHeaders
}

/** Who is to be disconnected, asked while this connection was still finding out who it is. */
export interface Warrant {
  readonly user: string
  readonly disconnect: Disconnect
}

/** One connection. */
export class Connection implements Receiver, TransportEvents, Deadline {
  readonly codec: Codec
  readonly session: Session
  due: number = Infinity
  slot: number = 0
  readonly #shared: Shared
  readonly #transport: Transport
  /** Only made for who asks. */
  #gone: PromiseWithResolvers<undefined> | undefined
  #isGone = false
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #meter: TransportMeter
  #pingedAt = 0
  #warrants: Warrant[] = []

  constructor(shared: Shared, { client, transport, codec, headers }: ConnectionParts) {
    this.codec = codec
    this.#shared = shared
    this.#transport = transport
    const { config, now } = shared.ports
    const { staleCloseDelay, queueMaxSize: limit, queueMaxAge: maxAge } = config.client
    this.#inbox = new Inbox({
      take: incoming => this.#take(incoming),
      pause: () => { transport.pause() },
      resume: () => { transport.resume() },
    })
    const { flusher, counters } = shared
    this.#outbox = new Outbox({ codec, transport, flusher, counters, limit, maxAge, now, onSlow: () => { this.disconnect(DISCONNECTS.slow) } })
    const { name, emulation, ping } = transport
    this.#meter = shared.ports.meters.transport(name)
    const facts = { name, ...emulation && { emulation } }
    this.session = createSession({ client, receiver: this, hasNativePing: ping !== undefined, transport: facts, headers, now: now(), staleCloseDelay })
    shared.roster.opened(this)
    this.#reschedule()
  }

  get client(): string {
    return this.session.client
  }

  get user(): string {
    return this.session.user
  }

  get sessionId(): string | undefined {
    return this.session.transport.emulation?.session
  }

  /** Resolves when the transport is gone. */
  get gone(): Promise<undefined> {
    this.#gone ??= Promise.withResolvers()
    if (this.#isGone) this.#gone.resolve(undefined)
    return this.#gone.promise
  }

  onFrame(frame: Buffer): void {
    const { counters } = this.#shared
    if (isClosed(this.session)) return
    const { commands, isMalformed } = this.codec.decode(frame)
    counters.bytesIn += frame.length
    counters.messagesIn += commands.length
    for (const [at, { method }] of commands.entries()) this.#meter.received(method === 'pong' ? 'client_pong' : method, at === 0 ? frame.length : 0)
    this.#inbox.add(isMalformed ? [...commands, 'malformed'] : commands)
  }

  onClose(code: number, reason: string): void {
    this.#end({ code, reason })
    this.#isGone = true
    this.#gone?.resolve(undefined)
  }

  write(message: Message, frame: Frame): void {
    this.#outbox.write(message, MAY_WAIT.has(frame))
    this.#meter.sent(frame, message.length)
  }

  /** What the server subscribed the client to can only be had again by a new connection. */
  onGap(subscription: Subscription): void {
    if (subscription.source === 'client') this.endSubscription(subscription, UNSUBSCRIBES.insufficientState)
    else this.disconnect(DISCONNECTS.insufficientState)
  }

  fire(now: number): void {
    const { ports } = this.#shared
    for (const due of dueNow(this.session, now, ports.config.client)) this.#perform(due, now)
    this.#reschedule()
  }

  /** Ends the connection after what is already queued. */
  disconnect({ code, reason }: Disconnect): void {
    if (isClosed(this.session)) return
    const disconnect = { code, reason: reason || reasonOf(code) }
    const { counters, ports: { meters } } = this.#shared
    countCode(counters.disconnects, code)
    meters.disconnects.of(String(code)).value++
    meters.closes.of(this.session.transport.name, String(code)).value++
    this.#end(disconnect)
    this.#outbox.close()
    this.#transport.close(disconnect)
  }

  /** Disconnects a user who has not been verified yet as soon as that is known. Who has not begun to connect is not meant. */
  warn(warrant: Warrant): void {
    if (this.session.status !== 'new') this.#warrants.push(warrant)
  }

  /** Ends a subscription, or the one being decided, and tells the client. */
  unsubscribe(channel: string | undefined, unsubscribe: Unsubscribe): void {
    const { subscriptions, subscribing } = this.session
    if (subscribing && (channel === undefined || channel === subscribing.channel)) subscribing.end = unsubscribe
    for (const subscription of channel === undefined ? [...subscriptions.values()] : [subscriptions.get(channel)]) {
      if (subscription?.pending) subscription.end = unsubscribe
      else if (subscription) this.endSubscription(subscription, unsubscribe)
    }
  }

  /** Subscribes the client to a channel that it did not ask for; one it has already is told again. */
  async subscribe(making: Making): Promise<void> {
    const { session } = this
    const { ports } = this.#shared
    const known = session.subscriptions.get(making.channel)
    if (known) return this.#tellAgain(known)
    if (session.subscriptions.size >= ports.config.client.channelLimit) return this.disconnect(DISCONNECTS.channelLimit)
    const begun = await beginServerSide(session, making, ports)
    if (isRefusal(begun)) return this.disconnect(DISCONNECTS.serverError)
    const { effect, value } = begun
    // Meanwhile the client may have left the channel, or altogether.
    if (session.subscriptions.get(making.channel) !== effect.subscription) return
    this.#safely(() => {
      this.#push({ type: 'subscribe', channel: making.channel, value })
      for (const publication of listOf(value)) this.#push({ type: 'publication', channel: making.channel, publication, epoch: value.epoch ?? '' })
      this.#apply(effect)
    })
  }

  #tellAgain({ channel, pending, isPositioned, isRecoverable, offset, epoch }: Subscription): void {
    if (pending) return
    this.#push({ type: 'subscribe', channel, value: isPositioned ? { positioned: true, recoverable: isRecoverable, offset, epoch } : {} })
  }

  #push(push: Push): void {
    this.write(this.codec.encodePush(push), `push_${push.type}`)
  }

  /** Ends a live subscription and tells the client; one that is over already is left alone. */
  endSubscription(subscription: Subscription, unsubscribe: Unsubscribe): void {
    if (this.session.subscriptions.get(subscription.channel) !== subscription) return
    const { counters, ports: { meters } } = this.#shared
    countCode(counters.unsubscribes, unsubscribe.code)
    meters.unsubscribes.of(String(unsubscribe.code), meters.label(subscription.channel)).value++
    this.#push({ type: 'unsubscribe', channel: subscription.channel, unsubscribe })
    this.#leave(subscription, unsubscribe)
  }

  /** Sets the second at which the connection expires, 0 for never, and tells the client. */
  expireAt(second: number): void {
    this.session.expireAt = toDeadline(second)
    this.#push({ type: 'refresh', expiry: toExpiry(second, this.#shared.ports.now()) })
    this.#reschedule()
  }

  /** A fault of ours or of an adapter ends this connection, never the process. */
  #safely<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#shared.ports.onFault(error)
      this.disconnect(DISCONNECTS.serverError)
      return undefined
    }
  }

  #take(incoming: Incoming): Promise<void> | undefined {
    const { session } = this
    // After a connect error the server no longer listens (PROTOCOL 6.1).
    if (session.status === 'refused') return undefined
    if (incoming !== 'malformed' && incoming.method !== 'pong') return this.#decide(incoming)
    if (incoming === 'malformed' || session.status !== 'connected' || !takePong(session)) this.disconnect(DISCONNECTS.badRequest)
    else this.#shared.ports.meters.observePong(session.transport.name, this.#pingedAt)
    return undefined
  }

  /** What is decided at once is answered at once, without a turn of the promise queue. */
  #decide(command: NumberedCommand): Promise<void> | undefined {
    const started = this.#shared.ports.meters.tick()
    return this.#safely(() => {
      const decision = this.#shared.dispatch(this.session, command, this.#shared.ports)
      if (decision instanceof Promise) return this.#wait(command, decision, started)
      this.#answer(command, decision, started)
      return undefined
    })
  }

  async #wait(command: NumberedCommand, decision: Promise<Outcome>, started: number): Promise<void> {
    const outcome = await decision.catch((error: unknown): Outcome => {
      this.#shared.ports.onFault(error)
      return { error: ERRORS.internal }
    })
    if (!isClosed(this.session)) this.#safely(() => { this.#answer(command, outcome, started) })
  }

  #answer(command: NumberedCommand, outcome: Outcome, started: number): void {
    const { id, method } = command
    const { meters } = this.#shared.ports
    meters.observeCommand(command, started)
    if ('disconnect' in outcome) return this.disconnect(outcome.disconnect)
    if ('error' in outcome) {
      countCode(this.#shared.counters.errors, outcome.error.code)
      meters.countError(command, outcome.error.code)
      this.write(this.codec.encodeReply({ id, error: outcome.error }), method)
      if (method === 'connect') this.#refused()
      if (method === 'subscribe') this.#abandon()
      return
    }
    const refusal = method === 'connect' ? this.#refuseAtTheDoor() : undefined
    if (refusal) return this.disconnect(refusal)
    if (outcome.result) this.write(this.codec.encodeReply({ id, result: outcome.result }), method)
    for (const effect of outcome.effects) this.#apply(effect)
  }

  /** Asked when nothing can come between the answer and the entry in the roster. */
  #refuseAtTheDoor(): Disconnect | undefined {
    const { user } = this.session
    const { roster, ports } = this.#shared
    const { config } = ports
    const warrant = this.#warrants.find(entry => entry.user === user)
    if (warrant) return warrant.disconnect
    const denial = denialOf(this.session.token, ports)
    if (denial) return denial
    const { userConnectionLimit: limit } = config.client
    return limit > 0 && user !== '' && roster.countOf(user) >= limit ? DISCONNECTS.connectionLimit : undefined
  }

  #refused(): void {
    startRefusal(this.session, this.#shared.ports.now())
    this.#reschedule()
  }

  /** A subscribe that failed after it was attached leaves nothing behind. */
  #abandon(): void {
    const channel = this.session.subscribing?.channel
    this.session.subscribing = undefined
    const subscription = channel === undefined ? undefined : this.session.subscriptions.get(channel)
    if (subscription?.pending && subscription.source === 'client') this.#leave(subscription, UNSUBSCRIBES.server)
  }

  #apply(effect: Effect): void {
    switch (effect.type) {
      case 'connected': return this.#connected()
      case 'subscribed': return this.#subscribed(effect.subscription, effect.recovered)
      case 'unsubscribed': return this.#leave(effect.subscription, UNSUBSCRIBED_BY_CLIENT)
      case 'ended': return this.endSubscription(effect.subscription, effect.unsubscribe)
      case 'expiryChanged': return this.#reschedule()
      case 'message': return this.#notify(() => this.#shared.ports.hooks.onMessage?.(effect.request))
    }
  }

  #connected(): void {
    const { roster, ports, random } = this.#shared
    const { client, user } = this.session
    this.session.since = ports.now()
    const { enabled = false, singleConnection = false } = ports.config.client.subscribeToUserPersonalChannel ?? {}
    if (enabled && singleConnection && user !== '') for (const other of roster.find({ user })) other.disconnect(DISCONNECTS.connectionLimit)
    roster.connectedAs(this)
    ports.meters.countConnection(this.session, 1)
    startPings(this.session, ports.now(), { limits: ports.config.client, random })
    this.#reschedule()
    this.#notify(() => ports.hooks.onConnected?.({ client, user }))
  }

  /** Own join and live publications come after the reply. */
  #subscribed(subscription: Subscription, recovered: Recovered | undefined): void {
    const { hub, ports, counters } = this.#shared
    const { channel, rules, info, source } = subscription
    const end = subscription.end ?? (source === 'client' ? this.session.subscribing?.end : undefined)
    if (source === 'client') this.session.subscribing = undefined
    if (recovered) {
      counters.recoveries[recovered.isRecovered ? 'recovered' : 'unrecovered']++
      ports.meters.countRecovery(channel, recovered)
    }
    ports.meters.countSubscription(this.session.clientName, channel, 1)
    if (rules.presence) ports.presence.add(channel, info)
    hub.goLive(subscription, () => {
      if (rules.joinLeave) this.#announce('join', channel, info)
    })
    if (end) this.endSubscription(subscription, end)
    if (subscription.expireAt !== Infinity) this.#reschedule()
  }

  #leave(subscription: Subscription, { code, reason }: Unsubscribe): void {
    const { hub, ports } = this.#shared
    const { channel, rules, info } = subscription
    if (!this.session.subscriptions.delete(channel)) return
    hub.remove(subscription)
    if (subscription.pending) return
    ports.meters.countSubscription(this.session.clientName, channel, -1)
    if (rules.presence) ports.presence.remove(channel, info.client)
    if (rules.joinLeave) this.#announce('leave', channel, info)
    const { client, user } = this.session
    if (ports.hooks.onUnsubscribe) this.#notify(() => ports.hooks.onUnsubscribe?.({ client, user, channel, code, reason }))
  }

  #announce(type: 'join' | 'leave', channel: string, info: ClientInfo): void {
    const { hub, ports: { meters } } = this.#shared
    const started = meters.tick()
    hub.announce(type, channel, info)
    meters.observeBroadcast(type, channel, started)
  }

  #perform(due: Due, now: number): void {
    switch (due.type) {
      case 'disconnect': return this.disconnect(due.disconnect)
      case 'expired': return this.endSubscription(due.subscription, UNSUBSCRIBES.expired)
      case 'renew': return void this.#renew()
      case 'renewSubscription': return void this.#renewSubscription(due.subscription)
      case 'cut': return this.#transport.cut()
      case 'ping': return this.#ping(now)
    }
  }

  /** While the hook thinks nothing expires. */
  async #renew(): Promise<void> {
    const { session } = this
    session.expireAt = Infinity
    const refusal = await renewConnection(session, this.#shared.ports)
    if (isClosed(session)) return
    if (refusal) this.disconnect('disconnect' in refusal ? refusal.disconnect : DISCONNECTS.serverError)
    else this.#reschedule()
  }

  async #renewSubscription(subscription: Subscription): Promise<void> {
    const { session } = this
    subscription.expireAt = Infinity
    const renewed = await renewSubscription(session, subscription, this.#shared.ports)
    if (isClosed(session)) return
    if (typeof renewed === 'object' && 'disconnect' in renewed) this.disconnect(renewed.disconnect)
    else if (renewed === true) this.#reschedule()
    else this.endSubscription(subscription, UNSUBSCRIBES.expired)
  }

  #ping(now: number): void {
    awaitPong(this.session, now, this.#shared.ports.config.client)
    this.#pingedAt = this.#shared.ports.meters.tick()
    if (this.#transport.ping) this.#transport.ping()
    else this.write(this.codec.ping, 'server_ping')
  }

  #end({ code, reason }: Disconnect): void {
    const { session } = this
    if (isClosed(session)) return
    session.status = 'closed'
    this.#inbox.close()
    for (const subscription of [...session.subscriptions.values()]) this.#leave(subscription, { code, reason })
    const { roster, wheel, ports } = this.#shared
    wheel.set(this, Infinity)
    const { client, user } = session
    if (!roster.closed(this)) return
    ports.meters.countConnection(session, -1)
    if (ports.hooks.onDisconnect) this.#notify(() => ports.hooks.onDisconnect?.({ client, user, code, reason }))
  }

  /** Later, because a hook that publishes must not do so in the middle of a fan-out. */
  #notify(hook: () => void): void {
    notify(hook, error => { this.#shared.ports.onFault(error) })
  }

  #reschedule(): void {
    this.#shared.wheel.set(this, nextDeadline(this.session, this.#shared.ports.config.client))
  }
}
