/** Who listens where: subscriptions by channel, and the fan-out over them. */
import type { Codec, Message } from './codec.ts'
import { judge } from './recovery.ts'
import type { ClientInfo, Publication } from './publication.ts'
import type { Push } from './reply.ts'
import type { Subscription } from './session.ts'

/** Publications held for a subscription that is being made; one that is slower than this starts with a gap. */
const MAX_PENDING = 4_096

/** Channels and their subscriptions. */
export class Hub {
  readonly #channels = new Map<string, Set<Subscription>>()
  #subscriptions = 0

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
    const members = this.#channels.get(subscription.channel)
    if (members) members.add(subscription)
    else this.#channels.set(subscription.channel, new Set([subscription]))
    this.#subscriptions++
  }

  remove(subscription: Subscription): void {
    const members = this.#channels.get(subscription.channel)
    if (!members?.delete(subscription)) return
    this.#subscriptions--
    if (members.size === 0) this.#channels.delete(subscription.channel)
  }

  /** Encoded once per codec, however many subscribers there are. */
  publish(channel: string, publication: Publication, epoch: string): void {
    const members = this.#channels.get(channel)
    if (!members) return
    const encode = encodeOnce({ type: 'publication', channel, publication, epoch })
    for (const subscription of members) {
      if (subscription.pending) hold(subscription.pending, publication, epoch)
      else offer(subscription, publication, { epoch, encode })
    }
  }

  /** To subscribers who want joins and leaves. */
  announce(type: 'join' | 'leave', channel: string, info: ClientInfo): void {
    const encode = encodeOnce({ type, channel, info })
    for (const { wantsJoinLeave, pending, receiver } of this.#channels.get(channel) ?? []) {
      if (wantsJoinLeave && !pending) receiver.write(encode(receiver.codec))
    }
  }

  /** The subscribe reply is written: what was held follows, what the reply covered is skipped. `onLive` comes in between. */
  goLive(subscription: Subscription, onLive: () => void): void {
    const held = subscription.pending ?? []
    subscription.pending = undefined
    onLive()
    for (const { publication, epoch } of held) {
      const encode = encodeOnce({ type: 'publication', channel: subscription.channel, publication, epoch })
      if (!offer(subscription, publication, { epoch, encode })) return
    }
  }
}

type Encode = (codec: Codec) => Message

interface Offer {
  readonly epoch: string
  readonly encode: Encode
}

function hold(pending: NonNullable<Subscription['pending']>, publication: Publication, epoch: string): void {
  if (pending.length >= MAX_PENDING) pending.shift()
  pending.push({ publication, epoch })
}

/** False when the subscription is over because of a gap. */
function offer(subscription: Subscription, publication: Publication, { epoch, encode }: Offer): boolean {
  const { receiver } = subscription
  const judgement = judge(subscription, publication, epoch)
  if (judgement === 'next') receiver.write(encode(receiver.codec))
  if (judgement === 'gap') receiver.onGap(subscription)
  return judgement !== 'gap'
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
