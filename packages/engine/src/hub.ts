/** Who listens where: subscriptions by channel, and the fan-out over them. */
import type { Codec, Message } from './codec.ts'
import { nextForm, toForm } from './delta.ts'
import type { Form } from './delta.ts'
import { judge } from './recovery.ts'
import type { ClientInfo, Publication } from './publication.ts'
import type { Push } from './reply.ts'
import type { Delivery, Subscription } from './session.ts'

/** Publications held for a subscription that is being made; one that is slower than this starts with a gap. */
const MAX_PENDING = 4_096

/** Told when a channel gets its first subscriber and loses its last one. */
export interface HubEvents {
  onOccupied(channel: string): void
  onVacated(channel: string): void
}

/** Channels and their subscriptions. */
export class Hub {
  readonly #events: HubEvents | undefined
  readonly #channels = new Map<string, Set<Subscription>>()
  #subscriptions = 0

  constructor(events?: HubEvents) {
    this.#events = events
  }

  /** Number of channels with subscribers. */
  get channels(): number {
    return this.#channels.size
  }

  /** Number of subscriptions. */
  get subscriptions(): number {
    return this.#subscriptions
  }

  /** Names of channels with subscribers, with their number. */
  *entries(): IterableIterator<[channel: string, subscribers: number]> {
    for (const [channel, members] of this.#channels) yield [channel, members.size]
  }

  add(subscription: Subscription): void {
    const { channel } = subscription
    const members = this.#channels.get(channel)
    this.#subscriptions++
    if (members) return void members.add(subscription)
    this.#channels.set(channel, new Set([subscription]))
    this.#events?.onOccupied(channel)
  }

  remove(subscription: Subscription): void {
    const { channel } = subscription
    const members = this.#channels.get(channel)
    if (!members?.delete(subscription)) return
    this.#subscriptions--
    if (members.size > 0) return
    this.#channels.delete(channel)
    this.#events?.onVacated(channel)
  }

  /** Encoded once per codec and form, however many subscribers there are. Returns how many it was written to. */
  publish(channel: string, publication: Publication, epoch: string, previous?: Publication): number {
    const members = this.#channels.get(channel)
    if (!members) return 0
    const delivery = { publication, epoch, previous }
    const encode = encodeForms(channel, delivery)
    let written = 0
    for (const subscription of members) {
      if (subscription.pending) hold(subscription.pending, delivery)
      else if (offer(subscription, delivery, encode) === 'next') written++
    }
    return written
  }

  /** To subscribers who want joins and leaves. */
  announce(type: 'join' | 'leave', channel: string, info: ClientInfo): void {
    const encode = encodeOnce({ type, channel, info })
    const frame = `push_${type}` as const
    for (const { wantsJoinLeave, pending, receiver } of this.#channels.get(channel) ?? []) {
      if (wantsJoinLeave && !pending) receiver.write(encode(receiver.codec), frame)
    }
  }

  /** The subscribe reply is written: what was held follows, what the reply covered is skipped. `onLive` comes in between. */
  goLive(subscription: Subscription, onLive: () => void): void {
    const held = subscription.pending ?? []
    subscription.pending = undefined
    onLive()
    for (const delivery of held) {
      if (offer(subscription, delivery, encodeForms(subscription.channel, delivery)) === 'gap') return
    }
  }
}

type Encode = (codec: Codec) => Message

function hold(pending: Delivery[], delivery: Delivery): void {
  if (pending.length >= MAX_PENDING) pending.shift()
  pending.push(delivery)
}

/** After a gap the subscription is over. */
function offer(subscription: Subscription, { publication, epoch, previous }: Delivery, encode: (form: Form) => Encode): 'next' | 'known' | 'gap' {
  const { receiver } = subscription
  const judgement = judge(subscription, publication, epoch)
  if (judgement === 'next') receiver.write(encode(nextForm(subscription, publication, previous))(receiver.codec), 'push_publication')
  if (judgement === 'gap') receiver.onGap(subscription)
  return judgement
}

/** The plain form is what nearly everybody gets; the others are made when the first subscriber needs them. */
function encodeForms(channel: string, { publication, epoch, previous }: Delivery): (form: Form) => Encode {
  const plain = encodeOnce({ type: 'publication', channel, publication, epoch })
  const others = new Map<Form, Encode>()
  return form => {
    if (form === 'plain') return plain
    const known = others.get(form)
    if (known) return known
    const encode = encodeOnce({ type: 'publication', channel, publication: toForm(publication, form, previous), epoch })
    others.set(form, encode)
    return encode
  }
}

function encodeOnce(push: Push): Encode {
  let codec: Codec | undefined
  let message: Message | undefined
  const messages = new Map<Codec, Message>()
  return wanted => {
    if (message && codec === wanted) return message
    codec = wanted
    message = messages.get(wanted) ?? wanted.encodePush(push)
    messages.set(wanted, message)
    return message
  }
}
