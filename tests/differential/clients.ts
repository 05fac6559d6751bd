/** Raw clients: one interface over the five ways in, each message as a line of JSON. */

import { decodeFrame, encode, encodeFrame } from './wire.ts'

/** The ways in. */
export const TRANSPORTS = ['ws', 'ws-protobuf', 'http_stream', 'http_stream-protobuf', 'sse'] as const
export type TransportName = (typeof TRANSPORTS)[number]

/** A command, or text that is sent as it is. */
export type Sent = object | string

/** One connection, opened by the first frame. */
export interface Client {
  /** Messages that have not been taken yet. */
  readonly received: string[]
  /** How it ended: close code and reason, or what the HTTP answer said. */
  readonly end: string | undefined
  /** Sends one frame; resolves with an unexpected HTTP status, or nothing. */
  send: (commands: readonly Sent[]) => Promise<string | undefined>
  close: () => void
}

/** Opens a client of a server. */
export function openClient(url: string, transport: TransportName): Client {
  return transport.startsWith('ws') ? openWebSocket(url, transport === 'ws-protobuf') : openStream(url, transport)
}

const toText = (commands: readonly Sent[]): string => commands.map(command => typeof command === 'string' ? command : JSON.stringify(command)).join('\n')

/** Raw text stays raw in Protobuf too: latin-1, so that any byte can be said. */
const toBytes = (commands: readonly Sent[]): Uint8Array<ArrayBuffer> => Uint8Array.from(
  typeof commands[0] === 'string' ? Buffer.from(commands[0], 'latin1') : encodeFrame(commands.filter(command => typeof command === 'object')),
)

function openWebSocket(url: string, isProtobuf: boolean): Client {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/connection/websocket`, isProtobuf ? ['centrifuge-protobuf'] : [])
  socket.binaryType = 'arraybuffer'
  const received: string[] = []
  let end: string | undefined
  const opened = new Promise<void>(resolve => {
    socket.addEventListener('open', () => { resolve() })
    socket.addEventListener('close', ({ code, reason }) => {
      end ??= `${code} ${reason}`
      resolve()
    })
  })
  socket.addEventListener('message', event => {
    const data: unknown = event.data
    if (typeof data === 'string') received.push(...data.split('\n'))
    else if (data instanceof ArrayBuffer) received.push(...isProtobuf ? decodeFrame(new Uint8Array(data)).replies : [`binary ${Buffer.from(data).toString('latin1')}`])
  })
  return {
    received,
    get end() { return end },
    async send(commands) {
      await opened
      socket.send(isProtobuf ? toBytes(commands) : toText(commands))
      return undefined
    },
    close() { socket.close() },
  }
}

const OCTETS = { 'content-type': 'application/octet-stream' }

function openStream(url: string, transport: TransportName): Client {
  const isProtobuf = transport === 'http_stream-protobuf'
  const abort = new AbortController()
  const received: string[] = []
  let end: string | undefined
  let session: { session: string, node: string } | undefined
  let isOpened = false

  const take = (lines: readonly string[]): void => {
    session ??= readSession(lines)
    received.push(...lines)
  }
  const open = async (commands: readonly Sent[]): Promise<void> => {
    const answer = transport === 'sse'
      ? await fetch(`${url}/connection/sse?cf_connect=${encodeURIComponent(toText(commands))}`, { signal: abort.signal })
      : await fetch(`${url}/connection/http_stream`, { method: 'POST', signal: abort.signal, ...isProtobuf ? { body: toBytes(commands), headers: OCTETS } : { body: toText(commands) } })
    if (!answer.ok) end = `status ${answer.status}`
    else {
      await readStream(answer, transport, take)
      end = 'end'
    }
  }
  const emulate = async (commands: readonly Sent[]): Promise<string | undefined> => {
    const answer = await fetch(`${url}/emulation`, isProtobuf
      ? { method: 'POST', headers: OCTETS, body: Uint8Array.from(encode('EmulationRequest', { ...session, data: toBytes(commands) })) }
      : { method: 'POST', body: JSON.stringify({ ...session, data: toText(commands) }) })
    return answer.status === 204 ? undefined : `status ${answer.status}`
  }
  return {
    received,
    get end() { return end },
    async send(commands) {
      if (isOpened) return await emulate(commands)
      isOpened = true
      open(commands).catch(() => { end ??= 'cut' })
      return undefined
    },
    close() { abort.abort() },
  }
}

function readSession(lines: readonly string[]): { session: string, node: string } | undefined {
  const text = lines.find(line => line.includes('"session":'))
  if (text === undefined) return undefined
  const { connect: { session, node } } = JSON.parse(text) as { connect: { session: string, node: string } }
  return { session, node }
}

async function readStream(answer: Response, transport: TransportName, take: (lines: readonly string[]) => void): Promise<void> {
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of answer.body ?? []) {
    rest = Buffer.concat([rest, chunk as Uint8Array])
    if (transport === 'http_stream-protobuf') {
      const read = decodeFrame(rest)
      rest = read.rest
      take(read.replies)
      continue
    }
    const whole = rest.lastIndexOf(10) + 1
    const lines = Buffer.from(rest.subarray(0, whole)).toString().split('\n').map(line => line.trim()).filter(line => line !== '')
    rest = rest.subarray(whole)
    take(transport === 'sse' ? lines.map(line => line.replace(/^data: /, '')) : lines)
  }
}
