/** Port: one connection's way to its client. Adapters: `transport-websocket.ts`, `transport-http.ts`. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Codec } from './codec.ts'
import type { Disconnect } from './disconnects.ts'

/** What a transport reports. */
export interface TransportEvents {
  onFrame(frame: Buffer): void
  /** The connection is gone; called once. `code` is the client's close code where there is one. */
  onClose(code: number, reason: string): void
}

/** Carries frames. No method throws, none waits; after `close` everything but `onClose` is silent. */
export interface Transport {
  /** Bytes handed over and not yet taken by the network. */
  readonly bufferedBytes: number
  send(frame: Buffer, isText: boolean): void
  /** Says goodbye, and cuts whoever does not answer within seconds. */
  close(disconnect: Disconnect): void
  /** Cuts at once. */
  cut(): void
  /** Stops and resumes reading. */
  pause(): void
  resume(): void
  readonly name: 'websocket' | 'http_stream' | 'sse'
  /** Where further commands are to be sent, when this transport only carries answers. */
  readonly emulation?: { readonly session: string, readonly node: string }
  /** A ping of the transport itself; where present, protocol pings are off. */
  ping?(): void
}

/** What a session needs to know of its transport. */
export type TransportFacts = Pick<Transport, 'name' | 'emulation'>

/** Takes a new transport in, with how its client writes and the headers it came with; its events go to what is returned. */
export type Accept = (transport: Transport, codec: Codec, headers: IncomingHttpHeaders) => TransportEvents
