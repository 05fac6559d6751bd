/** Frames that are not what they should be, and the server API. */

import { token, type Dialogue, type Step } from './dialogue.ts'

const connect = (c: string, who = 'a'): Step => ({ who, send: [{ id: 1, connect: { token: token({ sub: `u${c}` }) } }] })
const raw = (...send: string[]): Step => ({ send })

const onWebSocket = (name: string, steps: (c: string) => readonly Step[]): Dialogue => ({ name, transports: ['ws'], steps })
const inProtobuf = (name: string, steps: (c: string) => readonly Step[]): Dialogue => ({ name, transports: ['ws-protobuf'], steps })

/** Text frames. */
const texts: Dialogue[] = ([
  ['an empty frame', '', true], ['a blank line', '\n', true], ['no JSON', 'hello', true], ['half a command', '{"id":2,', true], ['a number', '1', true], ['an array', '[]', true],
  ['null', 'null', true], ['text', '"x"', true], ['an unknown command', '{"id":2,"unheard":{}}', true], ['an id of text', '{"id":"2","rpc":{}}', true], ['a negative id', '{"id":-1,"rpc":{}}', true],
  ['an id beyond 32 bits', '{"id":4294967296,"rpc":{}}', true], ['a fraction for an id', '{"id":1.5,"rpc":{}}', true], ['a channel that is a number', '{"id":2,"subscribe":{"channel":5}}', true],
  ['a request that is text', '{"id":2,"subscribe":"x"}', true], ['a request that is null', '{"id":2,"subscribe":null}', true], ['an empty request', '{"id":2,"subscribe":{}}', true],
  ['a line break at the end', '{"id":2,"rpc":{}}\n', false], ['two line breaks at the end', '{"id":2,"rpc":{}}\n\n', true], ['a blank line between', '{"id":2,"rpc":{}}\n\n{"id":3,"rpc":{}}', true],
  ['two commands on one line', '{"id":2,"rpc":{}}{"id":3,"rpc":{}}', false], ['spaces around', '  {"id" : 2 , "rpc" : { } }  ', false], ['an unknown field', '{"id":2,"rpc":{"more":1},"else":[1]}', false],
  ['a prototype', '{"id":2,"__proto__":{"x":1},"rpc":{"__proto__":{}}}', false], ['a good line and a bad one', '{"id":2,"rpc":{}}\nnonsense', true], ['escapes in a name', '{"id":2,"rp\\u0063":{}}', false],
  ['a channel with an escape', '{"id":2,"subscribe":{"channel":"open:\\u0061"}}', false], ['a byte order mark', '\uFEFF{"id":2,"rpc":{}}', true],
] as const).map(([name, text, ends]) => onWebSocket(`frame: ${name}`, c => [connect(c), raw(text), ...ends ? [{ ended: 'a' }] : []]))

const sizes: Dialogue[] = [
  onWebSocket('a frame of 65,536 bytes', c => [connect(c), raw(`{"id":2,"rpc":{"method":"${'m'.repeat(65_536 - 28)}"}}`)]),
  onWebSocket('payloads pass as they are written', c => [connect(c), raw(`{"id":2,"subscribe":{"channel":"open:${c}"}}`), raw(`{"id":3,"publish":{"channel":"open:${c}","data":{ "a":1.0, "b":"\\u00e9" ,"c":1e2}}}`)]),
  onWebSocket('null as a payload', c => [connect(c), raw(`{"id":2,"subscribe":{"channel":"open:${c}"}}`), raw(`{"id":3,"publish":{"channel":"open:${c}","data":null}}`)]),
  inProtobuf('a Protobuf frame that breaks off', c => [connect(c), raw('\x05\x08'), { ended: 'a' }]),
  inProtobuf('an empty Protobuf command', c => [connect(c), raw('\x00'), { ended: 'a' }]),
  inProtobuf('an unknown Protobuf field', c => [connect(c), raw('\x07\x08\x02\x6a\x00\xa2\x06\x00')]),
  inProtobuf('a Protobuf length beyond the frame', c => [connect(c), raw('\xff\xff\xff\xff\x0f')]),
]

const api = (name: string, steps: (c: string) => readonly Step[]): Dialogue => ({ name: `api: ${name}`, transports: ['api'], steps })
const call = (method: string, body: unknown, headers?: Readonly<Record<string, string>>): Step => ({ api: `/${method}`, body, ...headers && { headers } })
const joined = (c: string, channel: string): Step[] => [connect(c), { send: [{ id: 2, subscribe: { channel } }] }]
const asTransport = { 'x-api-key': 'key-for-tests', 'x-centrifugo-error-mode': 'transport' }

const access: Dialogue[] = [
  api('without a key', c => [call('publish', { channel: `open:${c}`, data: 1 }, {})]),
  api('with a wrong key', c => [call('publish', { channel: `open:${c}`, data: 1 }, { 'x-api-key': 'wrong' })]),
  api('with a key as authorization', c => [call('publish', { channel: `open:${c}`, data: 1 }, { authorization: 'apikey key-for-tests' })]),
  api('with a scheme in capitals', c => [call('publish', { channel: `open:${c}`, data: 1 }, { authorization: 'APIKEY key-for-tests' })]),
  api('with another scheme', c => [call('publish', { channel: `open:${c}`, data: 1 }, { authorization: 'Bearer key-for-tests' })]),
  api('with the key in the address', c => [call('publish?api_key=key-for-tests', { channel: `open:${c}`, data: 1 }, {})]),
  api('with a wrong key in the header and the right one in the address', c => [call('publish?api_key=key-for-tests', { channel: `open:${c}`, data: 1 }, { 'x-api-key': 'wrong' })]),
  api('by GET', () => [{ api: '/publish', verb: 'GET' }]),
  api('an unknown method', () => [call('unheard', {})]),
  api('an unknown method without a key', () => [call('unheard', {}, {})]),
  api('no JSON', () => [call('publish', 'nonsense')]), api('an empty body', () => [call('publish', '')]), api('null', () => [call('publish', 'null')]), api('an array', () => [call('publish', '[]')]),
  api('a channel that is a number', () => [call('publish', { channel: 1, data: 1 })]),
]

const publishing: Dialogue[] = [
  api('publish', c => [...joined(c, `open:${c}`), call('publish', { channel: `open:${c}`, data: { n: 1 } })]),
  api('publish with history', c => [...joined(c, `kept:${c}`), call('publish', { channel: `kept:${c}`, data: { n: 1 } }), call('publish', { channel: `kept:${c}`, data: { n: 2 } })]),
  api('publish past history', c => [...joined(c, `kept:${c}`), call('publish', { channel: `kept:${c}`, data: 1, skip_history: true }), call('history', { channel: `kept:${c}`, limit: 5 })]),
  api('publish with a repeated key', c => [...joined(c, `kept:${c}`), call('publish', { channel: `kept:${c}`, data: 1, idempotency_key: 'k' }), call('publish', { channel: `kept:${c}`, data: 2, idempotency_key: 'k' })]),
  api('publish an old version', c => [...joined(c, `kept:${c}`), call('publish', { channel: `kept:${c}`, data: 1, version: 2 }), call('publish', { channel: `kept:${c}`, data: 2, version: 1 }), call('publish', { channel: `kept:${c}`, data: 3, version: 3 })]),
  api('publish a version of another epoch', c => [...joined(c, `kept:${c}`), call('publish', { channel: `kept:${c}`, data: 1, version: 2, version_epoch: 'x' }), call('publish', { channel: `kept:${c}`, data: 2, version: 1, version_epoch: 'y' })]),
  api('publish without data', c => [call('publish', { channel: `open:${c}` })]), api('publish null', c => [...joined(c, `open:${c}`), call('publish', { channel: `open:${c}`, data: null })]),
  api('publish without a channel', () => [call('publish', { data: 1 })]), api('publish to an unknown namespace', c => [call('publish', { channel: `nowhere:${c}`, data: 1 })]),
  api('publish to a name beyond ASCII', c => [call('publish', { channel: `open:é${c}`, data: 1 })]),
  api('publish with b64data', c => [...joined(c, `open:${c}`), call('publish', { channel: `open:${c}`, b64data: 'eyJuIjoxfQ==' })]),
  api('publish with b64data that is no JSON', c => [...joined(c, `open:${c}`), call('publish', { channel: `open:${c}`, b64data: 'AAEC' }), { ended: 'a' }]),
  api('publish with bad b64data', c => [call('publish', { channel: `open:${c}`, b64data: '%%%' })]),
  api('publish verbatim', c => [...joined(c, `open:${c}`), call('publish', `{"channel":"open:${c}","data":{ "a" : 1.0 , "b":"\\u00e9"}}`)]),
  api('broadcast', c => [...joined(c, `open:${c}`), call('broadcast', { channels: [`open:${c}`, `kept:${c}`, `nowhere:${c}`, ''], data: 1 })]),
  api('broadcast to none', () => [call('broadcast', { channels: [], data: 1 })]), api('broadcast without data', c => [call('broadcast', { channels: [`open:${c}`] })]),
  api('errors as statuses', c => [call('publish', { channel: `nowhere:${c}`, data: 1 }, asTransport), call('publish', { data: 1 }, asTransport), call('history', { channel: `open:${c}` }, asTransport), call('rpc', { method: 'm' }, asTransport)]),
]

const asking: Dialogue[] = [
  api('history', c => [call('publish', { channel: `kept:${c}`, data: 1, tags: { a: 'b' } }), call('history', { channel: `kept:${c}` }), call('history', { channel: `kept:${c}`, limit: -1 }), call('history', { channel: `kept:${c}`, limit: -5 })]),
  api('history backwards', c => [...[1, 2, 3].map(n => call('publish', { channel: `kept:${c}`, data: n })), call('history', { channel: `kept:${c}`, limit: 2, reverse: true }), call('history', { channel: `kept:${c}`, limit: 5, since: { offset: 3 }, reverse: true })]),
  api('history since', c => [...[1, 2, 3].map(n => call('publish', { channel: `kept:${c}`, data: n })), call('history', { channel: `kept:${c}`, limit: 5, since: { offset: 1 } }), call('history', { channel: `kept:${c}`, limit: 5, since: { offset: 1, epoch: 'x' } })]),
  api('history of a trimmed past', c => [...[1, 2, 3, 4, 5, 6, 7].map(n => call('publish', { channel: `kept:${c}`, data: n })), call('history', { channel: `kept:${c}`, limit: 9, since: { offset: 1 } })]),
  api('history where there is none', c => [call('history', { channel: `open:${c}`, limit: 1 })]), api('history of no channel', () => [call('history', {})]),
  api('history removed', c => [call('publish', { channel: `kept:${c}`, data: 1 }), call('history_remove', { channel: `kept:${c}` }), call('history', { channel: `kept:${c}`, limit: 5 })]),
  api('history removed where there is none', c => [call('history_remove', { channel: `open:${c}` })]),
  api('presence', c => [...joined(c, `quiet:${c}`), call('presence', { channel: `quiet:${c}` }), call('presence_stats', { channel: `quiet:${c}` })]),
  api('presence of nobody', c => [call('presence', { channel: `seen:${c}` }), call('presence_stats', { channel: `seen:${c}` })]),
  api('presence where it is off', c => [call('presence', { channel: `open:${c}` }), call('presence_stats', { channel: `open:${c}` })]),
  api('channels', c => [...joined(c, `open:${c}`), call('channels', { pattern: `open:${c}` }), call('channels', { pattern: `none:${c}` })]),
  api('rpc', () => [call('rpc', { method: 'm', params: {} })]),
]

const steering: Dialogue[] = [
  api('unsubscribe', c => [...joined(c, `open:${c}`), call('unsubscribe', { user: `u${c}`, channel: `open:${c}` }), call('publish', { channel: `open:${c}`, data: 1 })]),
  api('unsubscribe without a user', c => [call('unsubscribe', { channel: `open:${c}` })]),
  api('unsubscribe an unknown user', c => [call('unsubscribe', { channel: `open:${c}`, user: 'unknown' })]),
  api('disconnect', c => [...joined(c, `open:${c}`), call('disconnect', { user: `u${c}` }), { ended: 'a' }]),
  api('disconnect with a code', c => [...joined(c, `open:${c}`), call('disconnect', { user: `u${c}`, disconnect: { code: 4001, reason: 'why' } }), { ended: 'a' }]),
  api('disconnect an unknown user', () => [call('disconnect', { user: 'unknown' })]), api('disconnect nobody', () => [call('disconnect', {})]),
  api('subscribe', c => [connect(c), call('subscribe', { user: `u${c}`, channel: `open:${c}` }), call('publish', { channel: `open:${c}`, data: 1 })]),
  api('subscribe with history', c => [connect(c), call('subscribe', { user: `u${c}`, channel: `kept:${c}`, data: { hello: 1 } }), call('publish', { channel: `kept:${c}`, data: 1 })]),
  api('subscribe without a channel', () => [call('subscribe', { user: 'u' })]), api('subscribe without a user', c => [call('subscribe', { channel: `open:${c}` })]),
  api('subscribe to an unknown namespace', c => [call('subscribe', { user: 'u', channel: `nowhere:${c}` })]),
  api('refresh', c => [connect(c), call('refresh', { user: `u${c}`, expire_at: Math.floor(Date.now() / 1000) + 3600 })]),
  api('refresh without an end', c => [connect(c), call('refresh', { user: `u${c}` })]),
  api('refresh as expired', c => [connect(c), call('refresh', { user: `u${c}`, expired: true }), { ended: 'a' }]),
  api('refresh nobody', () => [call('refresh', {})]),
  api('batch', c => [...joined(c, `open:${c}`), call('batch', { commands: [{ publish: { channel: `open:${c}`, data: 1 } }, { publish: { channel: `nowhere:${c}`, data: 1 } }, { presence_stats: { channel: `seen:${c}` } }] })]),
  api('an empty batch', () => [call('batch', { commands: [] })]), api('a batch without commands', () => [call('batch', {})]),
  api('publish, old form', c => [{ api: '', body: { method: 'publish', params: { channel: `open:${c}`, data: 1 } } }]),
]

/** Each of them is had once. */
export const rawDialogues: readonly Dialogue[] = [...texts, ...sizes, ...access, ...publishing, ...asking, ...steering]
