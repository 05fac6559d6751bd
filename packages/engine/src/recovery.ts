/** Recovery: is the slice after a known position complete, and does a live publication follow the last one. Pure. Source: PROTOCOL 1.12. */
import type { History } from './broker.ts'
import type { Position, Publication } from './publication.ts'
import type { Subscription } from './session.ts'

/** Subscribe flag: answer 112 instead of subscribing without what was missed. */
export const REJECT_UNRECOVERED = 2

/** What a subscriber gets, and where it stands afterwards. */
export interface Recovery {
  readonly isRecovered: boolean
  readonly publications: readonly Publication[]
  /** Offset of the reply: the one asked for when recovered, because clients advance by the publications. */
  readonly offset: number
  readonly top: Position
}

/** Compares a history slice with the position a client knows; without one there is nothing to recover. */
export function recover(history: History, wanted: Position | undefined): Recovery {
  const top = { offset: history.offset, epoch: history.epoch }
  if (!wanted || !isComplete(history, wanted)) return { isRecovered: false, publications: [], offset: top.offset, top }
  return { isRecovered: true, publications: history.publications, offset: wanted.offset, top }
}

function isComplete({ publications, offset, isOtherEpoch }: History, wanted: Position): boolean {
  if (isOtherEpoch) return false
  const first = publications[0]
  if (!first) return offset === wanted.offset
  return first.offset === wanted.offset + 1 && publications.at(-1)?.offset === offset
}

/** What a live publication is to a subscription: the next one, one it has, or one after a gap. */
export function judge(subscription: Subscription, publication: Publication, epoch: string): 'next' | 'known' | 'gap' {
  const { offset } = publication
  if (!subscription.isPositioned || offset === 0) return 'next'
  if (subscription.epoch === '') subscription.epoch = epoch
  if (subscription.epoch !== epoch) return 'gap'
  if (offset <= subscription.offset) return 'known'
  if (offset !== subscription.offset + 1) return 'gap'
  subscription.offset = offset
  return 'next'
}
