/**
 * A TCP proxy that stands for a bad network between one client and the platform: it cuts, stalls, delays, slices and refuses.
 * The same seed gives the same jitter and the same pieces (RELIABILITY F25).
 */

import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { createPipe, type Pipe, type Weather } from './pipe.ts'
import { createRandom } from './random.ts'

/** Where a proxy leads. */
export interface ProxyOptions {
  /** Address of the platform, for example `http://127.0.0.1:8080`. */
  target: string
  /** @default 1 */
  seed?: number
}

/** What a proxy has seen. */
export interface ProxyCounts {
  /** Connections taken. */
  accepted: number
  /** Connections turned away. */
  refused: number
  /** Connections ended by `cut`. */
  cut: number
  /** Connections open now. */
  open: number
  /** Bytes passed from the client to the platform. */
  up: number
  /** Bytes passed from the platform to the client. */
  down: number
}

/** A running proxy. */
export interface Proxy {
  /** Address to give to the client instead of the platform's. */
  readonly url: string
  readonly counts: Readonly<ProxyCounts>
  /** Ends all open connections, by reset or by an orderly end; says how many. @default 'rst' */
  cut(how?: 'rst' | 'fin'): number
  /** Nothing passes, nobody is told: connections are half-open until `resume`. */
  stall(): void
  resume(): void
  /** Delays each piece in both directions by `ms` plus up to `jitterMs`, in order. */
  delay(ms: number, jitterMs?: number): void
  /** Passes at most this many bytes at once, a random number each time; 0 stops slicing. */
  slice(maxBytes: number): void
  /** Bytes per second that clients read of what they are sent; the platform's buffers fill meanwhile. `Infinity` ends it. */
  throttle(bytesPerSecond: number): void
  /** Whether new connections are reset. */
  refuse(refusing: boolean): void
  /** Ends everything; calling it again waits for the same end. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Link { client: Socket, server: Socket, pipes: Pipe[] }

interface State {
  readonly target: URL
  readonly weather: Weather
  readonly counts: ProxyCounts
  readonly links: Set<Link>
  refusing: boolean
}

/** Starts a proxy on a free port of the loopback. */
export async function createProxy({ target, seed = 1 }: ProxyOptions): Promise<Proxy> {
  const state: State = {
    target: new URL(target), links: new Set(), refusing: false,
    weather: { stalled: false, delayMs: 0, jitterMs: 0, sliceBytes: 0, bytesPerSecond: Infinity, random: createRandom(seed) },
    counts: { accepted: 0, refused: 0, cut: 0, open: 0, up: 0, down: 0 },
  }
  const server = createServer({ allowHalfOpen: true }, socket => { accept(state, socket) })
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve) })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => stopping ??= new Promise(resolve => {
    server.close(() => { resolve() })
    cutAll(state, 'rst')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: state.counts,
    ...createControls(state),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function createControls(state: State): Pick<Proxy, 'cut' | 'stall' | 'resume' | 'delay' | 'slice' | 'throttle' | 'refuse'> {
  const { weather } = state
  const change = (changes: Partial<Weather>): void => {
    Object.assign(weather, changes)
    for (const { pipes } of state.links) for (const pipe of pipes) pipe.wake()
  }
  return {
    cut: (how = 'rst') => {
      const cut = cutAll(state, how)
      state.counts.cut += cut
      return cut
    },
    stall: () => { change({ stalled: true }) },
    resume: () => { change({ stalled: false }) },
    delay: (delayMs, jitterMs = 0) => { change({ delayMs, jitterMs }) },
    slice: sliceBytes => { change({ sliceBytes }) },
    throttle: bytesPerSecond => { change({ bytesPerSecond }) },
    refuse: refusing => { state.refusing = refusing },
  }
}

function accept(state: State, client: Socket): void {
  client.on('error', () => { /* a broken connection is what a proxy is for */ })
  if (state.refusing) {
    state.counts.refused++
    client.resetAndDestroy()
    return
  }
  const { weather, counts, target } = state
  const server = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true, noDelay: true })
  client.setNoDelay(true)
  const link: Link = { client, server, pipes: [
    createPipe(client, server, { weather, onBytes: bytes => { counts.up += bytes } }),
    createPipe(server, client, { weather, isDown: true, onBytes: bytes => { counts.down += bytes } }),
  ] }
  counts.accepted++
  counts.open++
  state.links.add(link)
  server.on('error', () => { client.resetAndDestroy() })
  client.once('close', hadError => { release(state, link, server, hadError) })
  server.once('close', hadError => { release(state, link, client, hadError) })
}

/** One side is gone: the other follows, by reset where it was a reset, else once what it was sent is out. */
function release(state: State, link: Link, other: Socket, hadError: boolean): void {
  for (const pipe of link.pipes) pipe.stop()
  if (state.links.delete(link)) state.counts.open--
  if (hadError) other.resetAndDestroy()
  else other.destroySoon()
}

function cutAll(state: State, how: 'rst' | 'fin'): number {
  const links = [...state.links]
  for (const link of links) {
    state.links.delete(link)
    state.counts.open--
    for (const pipe of link.pipes) pipe.stop()
    for (const socket of [link.client, link.server]) end(socket, how)
  }
  return links.length
}

/** An end half-way leaves the peer to close its side; whoever does not is cut off when it next sends. */
function end(socket: Socket, how: 'rst' | 'fin'): void {
  if (how === 'rst') return void socket.resetAndDestroy()
  socket.removeAllListeners('data')
  socket.end(() => { socket.destroy() })
}
