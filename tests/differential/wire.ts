/** The client protocol's Protobuf messages as a client reads them, with payloads as text, so that both encodings compare as JSON. */

import protobuf from 'protobufjs'

const INFO = 'user:string client:string conn_info:bytes chan_info:bytes'
const CONNECTED = 'client:string version:string expires:bool ttl:uint32 data:bytes subs:map<SubscribeResult> ping:uint32 pong:bool session:string node:string time:int64'
const RESULTS = 'connect:ConnectResult subscribe:SubscribeResult unsubscribe:Empty publish:Empty presence:PresenceResult presence_stats:PresenceStatsResult history:HistoryResult ping:Empty rpc:Data refresh:RefreshResult sub_refresh:SubRefreshResult'
const REQUESTS = 'connect:ConnectRequest subscribe:SubscribeRequest unsubscribe:Channel publish:PublishRequest presence:Channel presence_stats:Channel history:HistoryRequest ping:Empty send:Data rpc:RpcRequest refresh:RefreshRequest sub_refresh:SubRefreshRequest'

/** Fields in the order of their numbers; `_` leaves a number out, a trailing `*` repeats. */
const MESSAGES: Readonly<Record<string, string>> = {
  Empty: '',
  Data: 'data:bytes',
  Channel: 'channel:string',
  Error: 'code:uint32 message:string temporary:bool',
  EmulationRequest: 'node:string session:string data:bytes',
  Command: `id:uint32 _ _ ${REQUESTS}`,
  Reply: `id:uint32 error:Error _ push:Push ${RESULTS}`,
  Push: 'id:int64 channel:string _ pub:Publication join:Member leave:Member unsubscribe:Unsubscribe message:Data subscribe:Subscribe connect:ConnectResult disconnect:Disconnect refresh:Refresh',
  ClientInfo: INFO,
  Member: 'info:ClientInfo',
  Publication: '_ _ _ data:bytes info:ClientInfo offset:uint64 tags:map<string> delta:bool time:int64 channel:string key:string removed:bool score:sint64 epoch:string prev_data:bytes version:uint64',
  Unsubscribe: '_ code:uint32 reason:string',
  Subscribe: 'recoverable:bool _ _ epoch:string offset:uint64 positioned:bool data:bytes',
  Disconnect: 'code:uint32 reason:string reconnect:bool',
  Refresh: 'expires:bool ttl:uint32',
  ConnectRequest: 'token:string data:bytes subs:map<SubscribeRequest> name:string version:string headers:map<string> flag:int64',
  ConnectResult: CONNECTED,
  RefreshRequest: 'token:string',
  RefreshResult: 'client:string version:string expires:bool ttl:uint32',
  SubscribeRequest: 'channel:string token:string recover:bool _ _ epoch:string offset:uint64 data:bytes positioned:bool recoverable:bool join_leave:bool delta:string tf:Empty flag:int64 type:int32 phase:int32 cursor:string limit:int32 asc:bool',
  SubscribeResult: 'expires:bool ttl:uint32 recoverable:bool _ _ epoch:string publications:Publication* recovered:bool offset:uint64 positioned:bool data:bytes was_recovering:bool delta:bool id:int64 type:int32 phase:int32 cursor:string state:Publication* publish_debounce:uint32',
  SubRefreshRequest: 'channel:string token:string type:int32',
  SubRefreshResult: 'expires:bool ttl:uint32 items:Publication*',
  PublishRequest: 'channel:string data:bytes type:int32 key:string removed:bool',
  PresenceResult: 'presence:map<ClientInfo>',
  PresenceStatsResult: 'num_clients:uint32 num_users:uint32',
  StreamPosition: 'offset:uint64 epoch:string',
  HistoryRequest: 'channel:string _ _ _ _ _ limit:int32 since:StreamPosition reverse:bool',
  HistoryResult: 'publications:Publication* epoch:string offset:uint64',
  RpcRequest: 'data:bytes method:string',
}

const types = new protobuf.Root()
for (const [name, fields] of Object.entries(MESSAGES)) {
  const type = new protobuf.Type(name)
  fields.split(' ').forEach((field, at) => {
    if (field !== '_' && field !== '') addField(type, field, at + 1)
  })
  types.add(type)
}

function addField(type: protobuf.Type, text: string, number: number): void {
  const [name = '', kind = ''] = text.split(':')
  const value = /^map<(\w+)>$/.exec(kind)?.[1]
  if (value !== undefined) type.add(new protobuf.MapField(name, number, 'string', value))
  else if (kind.endsWith('*')) type.add(new protobuf.Field(name, number, kind.slice(0, -1), 'repeated'))
  else type.add(new protobuf.Field(name, number, kind))
}

const typeNamed = (name: string): protobuf.Type => types.lookupType(name)

/** Encodes a message given as JSON; payloads are any JSON value, written as its text. */
export function encode(name: 'Command' | 'EmulationRequest', value: object): Uint8Array {
  const type = typeNamed(name)
  return type.encode(type.fromObject(withBytes(type, value))).finish()
}

/** Each message with its length in front, as frames hold them. */
export function encodeFrame(commands: readonly object[]): Buffer {
  return Buffer.concat(commands.map(command => {
    const message = encode('Command', command)
    return Buffer.concat([protobuf.Writer.create().uint32(message.length).finish(), message])
  }))
}

/** Replies at the head of what has arrived, and what is left for the next time. */
export function decodeFrame(bytes: Uint8Array): { replies: string[], rest: Uint8Array } {
  const replies: string[] = []
  let at = 0
  while (at < bytes.length) {
    const reader = protobuf.Reader.create(bytes.subarray(at))
    const length = reader.uint32()
    if (at + reader.pos + length > bytes.length) break
    const start = at + reader.pos
    replies.push(replyText(bytes.subarray(start, start + length)))
    at = start + length
  }
  return { replies, rest: bytes.subarray(at) }
}

function replyText(bytes: Uint8Array): string {
  const type = typeNamed('Reply')
  // No defaults: what is not on the wire is not compared.
  return JSON.stringify(type.toObject(type.decode(bytes), { longs: Number }), (_key, value: unknown) =>
    isBytes(value) ? Buffer.from(value.data).toString() : value)
}

const isBytes = (value: unknown): value is { type: 'Buffer', data: number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value

function withBytes(type: protobuf.Type, value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, given]: [string, unknown]) => {
    const field = type.fields[name]
    if (field?.type === 'bytes') return [name, given instanceof Uint8Array ? given : Buffer.from(JSON.stringify(given))]
    const nested = field && field.resolve().resolvedType
    if (nested instanceof protobuf.Type && !field?.map && typeof given === 'object' && given !== null) return [name, withBytes(nested, given)]
    return [name, given]
  }))
}
