/** What a client says, on every way in. */

import { TRANSPORTS } from './clients.ts'
import { token, type Dialogue, type Step } from './dialogue.ts'

/** Seconds since 1970, an hour from now. */
const LATER = Math.floor(Date.now() / 1000) + 3600
const PAST = 1_500_000_000

/** Connects as the user of this dialogue, with more in the same frame. */
const connect = (c: string, claims: object = {}, ...more: object[]): Step =>
  ({ send: [{ id: 1, connect: { token: token({ sub: `u${c}`, ...claims }) } }, ...more] })
const say = (...send: object[]): Step => ({ send })
const subscribe = (id: number, channel: string, more: object = {}): object => ({ id, subscribe: { channel, ...more } })
const publish = (channel: string, data: unknown, more: object = {}): Step => ({ api: '/publish', body: { channel, data, ...more } })
/** A subscription token of this dialogue's user. */
const grant = (c: string, channel: string, claims: object = {}): { token: string } => ({ token: token({ sub: `u${c}`, channel, ...claims }) })

const everywhere = (name: string, steps: (c: string) => readonly Step[]): Dialogue => ({ name, transports: TRANSPORTS, steps })

const handshake: Dialogue[] = [
  everywhere('connect with a token', c => [connect(c)]),
  everywhere('connect with a token that ends', c => [connect(c, { exp: LATER })]),
  everywhere('connect with a name and a version', c => [{ send: [{ id: 1, connect: { token: token({ sub: c }), name: 'n', version: '1' } }] }]),
  everywhere('connect without a token', () => [{ send: [{ id: 1, connect: {} }] }, { ended: 'a' }]),
  everywhere('connect with garbage for a token', () => [{ send: [{ id: 1, connect: { token: 'x.y.z' } }] }, { ended: 'a' }]),
  everywhere('connect with a token of another secret', c => [{ send: [{ id: 1, connect: { token: token({ sub: c }, { secret: 'another' }) } }] }, { ended: 'a' }]),
  everywhere('connect with a token that signs nothing', c => [{ send: [{ id: 1, connect: { token: token({ sub: c }, { header: { alg: 'none' } }) } }] }, { ended: 'a' }]),
  everywhere('connect with a token that has ended', c => [connect(c, { exp: PAST })]),
  everywhere('connect with a token that has not begun', c => [connect(c, { nbf: LATER })]),
  everywhere('connect with a token of a channel', c => [connect(c, { channel: 'open:x' }), { ended: 'a' }]),
  everywhere('connect with a numeric subject', () => [{ send: [{ id: 1, connect: { token: token({ sub: 42 }) } }] }, { ended: 'a' }]),
  everywhere('connect as nobody', () => [{ send: [{ id: 1, connect: { token: token({}) } }] }]),
  everywhere('connect with info', c => [connect(c, { info: { name: 'Ana' } }), say(subscribe(2, `seen:${c}`)), { more: 0 }, say({ id: 3, presence: { channel: `seen:${c}` } })]),
  everywhere('another command first', c => [{ send: [subscribe(1, `open:${c}`)] }, { ended: 'a' }]),
  everywhere('connect without an id', c => [{ send: [{ connect: { token: token({ sub: c }) } }] }, { ended: 'a' }]),
  everywhere('connect twice', c => [connect(c), say({ id: 2, connect: { token: token({ sub: c }) } }), { ended: 'a' }]),
  everywhere('connect and subscribe in one frame', c => [connect(c, {}, subscribe(2, `open:${c}`), subscribe(3, `kept:${c}`))]),
  everywhere('connect, subscribe, unsubscribe in one frame', c => [connect(c, {}, subscribe(2, `open:${c}`), { id: 3, unsubscribe: { channel: `open:${c}` } })]),
]

const subscribing: Dialogue[] = [
  everywhere('subscribe and hear', c => [connect(c), say(subscribe(2, `open:${c}`)), publish(`open:${c}`, { n: 1 })]),
  everywhere('hear tags and version', c => [connect(c), say(subscribe(2, `kept:${c}`)), publish(`kept:${c}`, { n: 1 }, { tags: { kind: 't' }, version: 7 })]),
  everywhere('hear text, numbers, null', c => [connect(c), say(subscribe(2, `open:${c}`)), publish(`open:${c}`, 'text é ✓'), publish(`open:${c}`, 1.5), publish(`open:${c}`, [null, true])]),
  everywhere('subscribe twice', c => [connect(c), say(subscribe(2, `open:${c}`), subscribe(3, `open:${c}`))]),
  everywhere('subscribe without a right', c => [connect(c), say(subscribe(2, `shut:${c}`))]),
  everywhere('subscribe to an unknown namespace', c => [connect(c), say(subscribe(2, `nowhere:${c}`))]),
  everywhere('subscribe to a channel without a namespace', c => [connect(c), say(subscribe(2, c))]),
  everywhere('subscribe to no channel', c => [connect(c), say(subscribe(2, '')), { ended: 'a' }]),
  everywhere('subscribe to a name beyond ASCII', c => [connect(c), say(subscribe(2, `open:é${c}`))]),
  everywhere('subscribe to a name of 255 bytes', c => [connect(c), say(subscribe(2, `open:${c}`.padEnd(255, 'x')))]),
  everywhere('subscribe to a name of 256 bytes', c => [connect(c), say(subscribe(2, `open:${c}`.padEnd(256, 'x')))]),
  everywhere('subscribe to a private channel without a token', c => [connect(c), say(subscribe(2, `$open:${c}`))]),
  everywhere('subscribe to a private channel with one', c => [connect(c), say(subscribe(2, `$open:${c}`, grant(c, `$open:${c}`)))]),
  everywhere('subscribe with a token that ends', c => [connect(c), say(subscribe(2, `shut:${c}`, grant(c, `shut:${c}`, { exp: LATER })))]),
  everywhere('subscribe with a token that has ended', c => [connect(c), say(subscribe(2, `shut:${c}`, grant(c, `shut:${c}`, { exp: PAST })))]),
  everywhere('subscribe with a token of another channel', c => [connect(c), say(subscribe(2, `shut:${c}`, grant(c, `shut:other${c}`))), { ended: 'a' }]),
  everywhere('subscribe with a token of another user', c => [connect(c), say(subscribe(2, `shut:${c}`, { token: token({ sub: 'other', channel: `shut:${c}` }) })), { ended: 'a' }]),
  everywhere('subscribe with a token without a channel', c => [connect(c), say(subscribe(2, `shut:${c}`, { token: token({ sub: `u${c}` }) }))]),
  everywhere('subscribe with garbage for a token', c => [connect(c), say(subscribe(2, `open:${c}`, { token: 'garbage' }))]),
  everywhere('subscribe with info of the token', c => [connect(c), say(subscribe(2, `seen:${c}`, grant(c, `seen:${c}`, { info: { role: 'r' } }))), say({ id: 3, presence: { channel: `seen:${c}` } })]),
  everywhere('subscribe with an unknown delta', c => [connect(c), say(subscribe(2, `open:${c}`, { delta: 'unheard' })), { ended: 'a' }]),
  everywhere('subscribe with a delta that is not allowed', c => [connect(c), say(subscribe(2, `kept:${c}`, { delta: 'fossil' }))]),
  everywhere('hear deltas', c => [connect(c), say(subscribe(2, `delta:${c}`, { delta: 'fossil' })), publish(`delta:${c}`, { text: 'the same long text as always, n', n: 1 }), publish(`delta:${c}`, { text: 'the same long text as always, n', n: 1 })]),
  everywhere('subscribe to a map', c => [connect(c), say(subscribe(2, `open:${c}`, { type: 1 }))]),
  everywhere('subscribe to a user channel as its user', c => [connect(c), say(subscribe(2, `users:d#u${c}`))]),
  everywhere('subscribe to a user channel of two', c => [connect(c), say(subscribe(2, `users:d#x,u${c}`))]),
  everywhere('subscribe to a user channel of another', c => [connect(c), say(subscribe(2, `users:d#x${c}`))]),
  everywhere('unsubscribe', c => [connect(c), say(subscribe(2, `open:${c}`)), say({ id: 3, unsubscribe: { channel: `open:${c}` } }), publish(`open:${c}`, 1)]),
  everywhere('unsubscribe from what is not subscribed', c => [connect(c), say({ id: 2, unsubscribe: { channel: `open:${c}` } })]),
  everywhere('unsubscribe from no channel', c => [connect(c), say({ id: 2, unsubscribe: { channel: '' } }), { ended: 'a' }]),
  everywhere('subscribe again after unsubscribing', c => [connect(c), say(subscribe(2, `open:${c}`), { id: 3, unsubscribe: { channel: `open:${c}` } }, subscribe(4, `open:${c}`))]),
]

const places: Dialogue[] = [
  everywhere('subscribe to a stream that was never used', c => [connect(c), say(subscribe(2, `kept:${c}`))]),
  everywhere('subscribe to a stream with a past', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2), connect(c), say(subscribe(2, `kept:${c}`)), publish(`kept:${c}`, 3)]),
  everywhere('positioned where forced', c => [publish(`placed:${c}`, 1), connect(c), say(subscribe(2, `placed:${c}`)), publish(`placed:${c}`, 2)]),
  everywhere('neither positioned nor recoverable unless asked', c => [publish(`asked:${c}`, 1), connect(c), say(subscribe(2, `asked:${c}`)), publish(`asked:${c}`, 2)]),
  everywhere('positioned when asked', c => [publish(`asked:${c}`, 1), connect(c), say(subscribe(2, `asked:${c}`, { positioned: true }))]),
  everywhere('recoverable when asked', c => [publish(`asked:${c}`, 1), connect(c), say(subscribe(2, `asked:${c}`, { recoverable: true }))]),
  everywhere('positioned with the right to history alone', c => [publish(`plain:${c}`, 1), connect(c), say(subscribe(2, `plain:${c}`, { positioned: true, recoverable: true }))]),
  everywhere('recover without an epoch', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 1 }))]),
  everywhere('recover from the beginning', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2), connect(c), say(subscribe(2, `kept:${c}`, { recover: true }))]),
  everywhere('recover with nothing missed', c => [publish(`kept:${c}`, 1), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 1 }))]),
  everywhere('recover with another epoch', c => [publish(`kept:${c}`, 1), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 1, epoch: 'another' }))]),
  everywhere('recover with another epoch, all or nothing', c => [publish(`kept:${c}`, 1), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 1, epoch: 'another', flag: 2 }))]),
  everywhere('recover from beyond the top', c => [publish(`kept:${c}`, 1), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 9 }))]),
  everywhere('recover more than is kept', c => [...[1, 2, 3, 4, 5, 6, 7].map(n => publish(`kept:${c}`, n)), connect(c), say(subscribe(2, `kept:${c}`, { recover: true, offset: 1 }))]),
  everywhere('recover where it is off', c => [connect(c), say(subscribe(2, `open:${c}`, { recover: true, offset: 1 }))]),
  everywhere('recover where it is only allowed', c => [publish(`asked:${c}`, 1), connect(c), say(subscribe(2, `asked:${c}`, { recover: true }))]),
]

const reading: Dialogue[] = [
  everywhere('publish and hear oneself', c => [connect(c), say(subscribe(2, `open:${c}`)), say({ id: 3, publish: { channel: `open:${c}`, data: { n: 1 } } })]),
  everywhere('publish with history', c => [connect(c), say(subscribe(2, `kept:${c}`)), say({ id: 3, publish: { channel: `kept:${c}`, data: { n: 1 } } })]),
  everywhere('publish without a right', c => [connect(c), say({ id: 2, publish: { channel: `shut:${c}`, data: {} } })]),
  everywhere('publish as subscriber only', c => [connect(c), say({ id: 2, publish: { channel: `members:${c}`, data: {} } }), say(subscribe(3, `members:${c}`)), say({ id: 4, publish: { channel: `members:${c}`, data: 1 } })]),
  everywhere('publish nothing', c => [connect(c), say({ id: 2, publish: { channel: `open:${c}` } })]),
  everywhere('publish to no channel', c => [connect(c), say({ id: 2, publish: { channel: '', data: {} } }), { ended: 'a' }]),
  everywhere('publish to an unknown namespace', c => [connect(c), say({ id: 2, publish: { channel: `nowhere:${c}`, data: {} } })]),
  everywhere('publish to a map', c => [connect(c), say({ id: 2, publish: { channel: `open:${c}`, data: {}, type: 1, key: 'k' } })]),
  everywhere('history without a limit', c => [publish(`kept:${c}`, 1), connect(c), say({ id: 2, history: { channel: `kept:${c}` } })]),
  everywhere('history, all of it', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2, { tags: { a: 'b' } }), connect(c), say({ id: 2, history: { channel: `kept:${c}`, limit: -1 } })]),
  everywhere('history, backwards and limited', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2), publish(`kept:${c}`, 3), connect(c), say({ id: 2, history: { channel: `kept:${c}`, limit: 2, reverse: true } })]),
  everywhere('history since', c => [publish(`kept:${c}`, 1), publish(`kept:${c}`, 2), publish(`kept:${c}`, 3), connect(c), say({ id: 2, history: { channel: `kept:${c}`, limit: 10, since: { offset: 1, epoch: '' } } })]),
  everywhere('history since another epoch', c => [publish(`kept:${c}`, 1), connect(c), say({ id: 2, history: { channel: `kept:${c}`, limit: 10, since: { offset: 1, epoch: 'another' } } })]),
  everywhere('history where there is none', c => [connect(c), say({ id: 2, history: { channel: `open:${c}`, limit: 1 } })]),
  everywhere('history without a right', c => [connect(c), say({ id: 2, history: { channel: `members:${c}`, limit: 1 } })]),
  everywhere('history as subscriber', c => [connect(c), say(subscribe(2, `members:${c}`), { id: 3, history: { channel: `members:${c}`, limit: 1 } })]),
  everywhere('history of a channel that was never used', c => [connect(c), say({ id: 2, history: { channel: `kept:${c}`, limit: 5 } })]),
  everywhere('presence of nobody', c => [connect(c), say({ id: 2, presence: { channel: `seen:${c}` } }, { id: 3, presence_stats: { channel: `seen:${c}` } })]),
  everywhere('presence of oneself', c => [connect(c), say(subscribe(2, `quiet:${c}`)), say({ id: 3, presence: { channel: `quiet:${c}` } }, { id: 4, presence_stats: { channel: `quiet:${c}` } })]),
  everywhere('presence where it is off', c => [connect(c), say({ id: 2, presence: { channel: `open:${c}` } }, { id: 3, presence_stats: { channel: `open:${c}` } })]),
  everywhere('presence of an unknown namespace', c => [connect(c), say({ id: 2, presence: { channel: `nowhere:${c}` } })]),
  everywhere('join and leave of another', c => [
    connect(c), say(subscribe(2, `seen:${c}`)),
    { who: 'b', send: [{ id: 1, connect: { token: token({ sub: `v${c}` }) } }] }, { who: 'b', send: [subscribe(2, `seen:${c}`)] },
    { who: 'b', send: [{ id: 3, unsubscribe: { channel: `seen:${c}` } }] },
  ]),
  everywhere('join asked for', c => [
    connect(c), say(subscribe(2, `quiet:${c}`, { join_leave: true })),
    { who: 'b', send: [{ id: 1, connect: { token: token({ sub: `v${c}` }) } }] }, { who: 'b', send: [subscribe(2, `quiet:${c}`)] },
  ]),
  everywhere('leave of who goes away', c => [
    connect(c), say(subscribe(2, `seen:${c}`)),
    { who: 'b', send: [{ id: 1, connect: { token: token({ sub: `v${c}` }) } }, subscribe(2, `seen:${c}`)] }, { close: 'b' }, { more: 1 },
  ]),
]

const others: Dialogue[] = [
  everywhere('rpc', c => [connect(c), say({ id: 2, rpc: { method: 'm', data: {} } })]),
  everywhere('send', c => [connect(c), say({ send: { data: {} } }), { ended: 'a' }]),
  everywhere('ping', c => [connect(c), say({ id: 2, ping: {} }), { ended: 'a' }]),
  everywhere('a pong that nobody asked for', c => [connect(c), say({}), { ended: 'a' }]),
  everywhere('a command without a method', c => [connect(c), say({ id: 2 }), { ended: 'a' }]),
  everywhere('refresh a connection that does not end', c => [connect(c), say({ id: 2, refresh: { token: token({ sub: `u${c}`, exp: LATER }) } })]),
  everywhere('refresh a connection', c => [connect(c, { exp: LATER }), say({ id: 2, refresh: { token: token({ sub: `u${c}`, exp: LATER + 3600 }) } })]),
  everywhere('refresh as another user', c => [connect(c, { exp: LATER }), say({ id: 2, refresh: { token: token({ sub: 'other', exp: LATER }) } }), { ended: 'a' }]),
  everywhere('refresh with a token that has ended', c => [connect(c, { exp: LATER }), say({ id: 2, refresh: { token: token({ sub: `u${c}`, exp: PAST }) } }), { ended: 'a' }]),
  everywhere('refresh with nothing', c => [connect(c, { exp: LATER }), say({ id: 2, refresh: { token: '' } }), { ended: 'a' }]),
  everywhere('refresh with garbage', c => [connect(c, { exp: LATER }), say({ id: 2, refresh: { token: 'x' } }), { ended: 'a' }]),
  everywhere('refresh a subscription', c => [connect(c), say(subscribe(2, `shut:${c}`, grant(c, `shut:${c}`, { exp: LATER })), { id: 3, sub_refresh: { channel: `shut:${c}`, ...grant(c, `shut:${c}`, { exp: LATER + 3600 }) } })]),
  everywhere('refresh a subscription with nothing', c => [connect(c), say(subscribe(2, `open:${c}`), { id: 3, sub_refresh: { channel: `open:${c}`, token: '' } })]),
  everywhere('refresh a subscription that is not there', c => [connect(c), say({ id: 2, sub_refresh: { channel: `open:${c}`, ...grant(c, `open:${c}`) } })]),
  everywhere('refresh a subscription with garbage', c => [connect(c), say(subscribe(2, `open:${c}`), { id: 3, sub_refresh: { channel: `open:${c}`, token: 'x' } }), { ended: 'a' }]),
  everywhere('refresh a subscription with a token of another channel', c => [connect(c), say(subscribe(2, `open:${c}`), { id: 3, sub_refresh: { channel: `open:${c}`, ...grant(c, 'open:other') } }), { ended: 'a' }]),
  everywhere('refresh a subscription with a token that has ended', c => [connect(c), say(subscribe(2, `shut:${c}`, grant(c, `shut:${c}`, { exp: LATER })), { id: 3, sub_refresh: { channel: `shut:${c}`, ...grant(c, `shut:${c}`, { exp: PAST }) } })]),
  everywhere('many commands in one frame', c => [connect(c), say(...Array.from({ length: 20 }, (_, at) => subscribe(at + 2, `open:${c}-${at}`)))]),
  everywhere('more channels than allowed', c => [connect(c), say(...Array.from({ length: 130 }, (_, at) => subscribe(at + 2, `open:${c}-${at}`)))]),
]

/** Each of them is had on five ways in. */
export const clientDialogues: readonly Dialogue[] = [...handshake, ...subscribing, ...places, ...reading, ...others]
