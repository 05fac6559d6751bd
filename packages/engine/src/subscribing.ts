/** Makes a subscription, whoever asked for it: its rules, its position, what it missed. Source: PROTOCOL 1.12–1.14. */
import { keepsHistory } from './broker.ts'
import type { ChannelRules } from './config.ts'
import { refuse } from './errors.ts'
import type { TokenMark } from './denials.ts'
import { toDeadline, toExpiry } from './expiry.ts'
import type { SubscribeOverride } from './hook-shapes.ts'
import { isRefusal } from './outcome.ts'
import type { Effect, Refusal } from './outcome.ts'
import type { Json, Publication } from './publication.ts'
import { REJECT_UNRECOVERED, recover } from './recovery.ts'
import type { Recovery } from './recovery.ts'
import type { SubscribeResult } from './reply.ts'
import { clientInfo } from './session.ts'
import type { Ports, Session, Source, Subscription } from './session.ts'

/** A word on a subscription, from wherever it came. */
export interface Permit {
  readonly info: Json | undefined
  readonly data: Json | undefined
  /** Second of expiry since 1970; 0: never. */
  readonly expireAt: number
  readonly override: SubscribeOverride
  readonly isRefreshedByHook: boolean
  /** Of the subscription token. */
  readonly token?: TokenMark
}

/** What nobody said anything about. */
export const OPEN: Permit = { info: undefined, data: undefined, expireAt: 0, override: {}, isRefreshedByHook: false }

/** What the subscriber asks for; server-side subscriptions only recover and negotiate deltas. */
export interface Wish {
  readonly recover: boolean
  readonly offset: number
  readonly epoch: string
  readonly delta: string
  readonly positioned?: boolean
  readonly recoverable?: boolean
  readonly joinLeave?: boolean
  readonly flag?: number
}

/** A wish for nothing. */
export const NO_WISH: Wish = { recover: false, offset: 0, epoch: '', delta: '' }

/** What a subscription is made from. */
export interface Making {
  readonly channel: string
  readonly source: Source
  readonly rules: ChannelRules
  readonly permit: Permit
  readonly wish: Wish
}

const isEmpty = (override: SubscribeOverride): boolean => Object.keys(override).length === 0

/** A subscription that holds what is published until it goes live. */
export function createSubscription(session: Session, { channel, source, rules: given, permit, wish }: Making): Subscription {
  // Nearly always nothing is overridden: all subscriptions share the rules of their namespace.
  const rules = isEmpty(permit.override) ? given : { ...given, ...permit.override }
  const isRecoverable = rules.forceRecovery || wish.recoverable === true
  return {
    channel, rules, source, isRecoverable,
    receiver: session.receiver,
    info: clientInfo(session, permit.info),
    isPositioned: isRecoverable || rules.forcePositioning || wish.positioned === true,
    wantsJoinLeave: rules.joinLeave && (rules.forcePushJoinLeave || wish.joinLeave === true),
    usesDelta: rules.allowedDeltaTypes.some(type => type === wish.delta),
    isRefreshedByHook: permit.isRefreshedByHook,
    token: permit.token,
    base: 0, offset: 0, epoch: '', expireAt: toDeadline(permit.expireAt), pending: [],
  }
}

/** What the reply says, and what happens after it. */
export interface Begun {
  readonly value: SubscribeResult
  readonly effect: Extract<Effect, { type: 'subscribed' }>
}

/** Puts an attached subscription at its position. */
export async function begin(subscription: Subscription, { permit, wish }: Making, ports: Ports): Promise<Begun | Refusal> {
  const { isPositioned, isRecoverable, usesDelta } = subscription
  const base: SubscribeResult = {
    ...!subscription.isRefreshedByHook && toExpiry(permit.expireAt, ports.now()),
    ...wish.recover && { wasRecovering: true },
    ...usesDelta && { delta: true },
    ...permit.data !== undefined && { data: permit.data },
  }
  if (!isPositioned) return { value: base, effect: { type: 'subscribed', subscription } }
  const recovery = await readPosition(subscription, wish, ports)
  if (isRefusal(recovery)) return recovery
  const wantedRecovery = wish.recover && isRecoverable
  if (wantedRecovery && !recovery.isRecovered && ((wish.flag ?? 0) & REJECT_UNRECOVERED) !== 0) return refuse('unrecoverablePosition')
  const { top, offset, isRecovered, publications } = recovery
  Object.assign(subscription, top)
  if (isRecovered) subscription.base = top.offset
  const value = { ...base, positioned: true, recoverable: isRecoverable, epoch: top.epoch, offset, publications, recovered: isRecovered }
  return { value, effect: { type: 'subscribed', subscription, ...wantedRecovery && { recovered: toRecovered(isRecovered, publications) } } }
}

function toRecovered(isRecovered: boolean, { length }: readonly Publication[]): { isRecovered: boolean, publications: number } {
  return { isRecovered, publications: length }
}

async function readPosition(subscription: Subscription, wish: Wish, ports: Ports): Promise<Recovery | Refusal> {
  const wanted = wish.recover && subscription.isRecoverable ? { offset: wish.offset, epoch: wish.epoch } : undefined
  const limit = wanted && keepsHistory(subscription.rules) ? ports.config.client.recoveryMaxPublicationLimit : 0
  try {
    return recover(await ports.broker.history(subscription.channel, { limit, since: wanted }, subscription.rules), wanted)
  } catch (error) {
    ports.onFault(error)
    return refuse('internal')
  }
}
