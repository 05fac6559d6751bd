/** The upgrade from HTTP to WebSocket. Source: RFC 6455, 4.2. */
import { hash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const KEY = /^[+/0-9A-Za-z]{22}==$/u
const VERSIONS = new Set(['13', '8'])

/** What an upgrade is judged by, whoever read the request. Header names are in lower case. */
export type UpgradeRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

/** Takes an upgrade: the socket, and what came right behind the request. */
export type Upgrade = (request: UpgradeRequest, socket: Duplex, head: Buffer) => void

/** HTTP status of a request that is no upgrade to WebSocket. */
export function upgradeFault({ method, headers }: UpgradeRequest): number | undefined {
  if (method !== 'GET') return 405
  const isUpgrade = headers.upgrade?.toLowerCase() === 'websocket' && KEY.test(headers['sec-websocket-key'] ?? '')
  return isUpgrade && VERSIONS.has(headers['sec-websocket-version'] ?? '') ? undefined : 400
}

/** The subprotocols a client offers, the one it likes best first. */
export const offeredProtocols = ({ headers }: UpgradeRequest): readonly string[] =>
  headers['sec-websocket-protocol']?.split(',').map(name => name.trim()) ?? []

/** The answer that accepts an upgrade. */
export function acceptText(key: string, { protocol, extensions }: { protocol?: string | undefined, extensions?: string | undefined }): string {
  const accept = hash('sha1', key + GUID, 'base64')
  const extra = `${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}${extensions === undefined ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`}`
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${extra}\r\n`
}

/** The answer that refuses one; a client of another version is told which are spoken. */
export const refusalText = (status: number): string =>
  `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n${status === 400 ? 'Sec-WebSocket-Version: 13, 8\r\n' : ''}Content-Length: 0\r\n\r\n`
