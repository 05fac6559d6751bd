/**
 * The network of one client, made bad on purpose and the same way each time for the same seed. Bytes go through a {@link Proxy}; loss and
 * reordering are of whole pushed messages, which TCP would hide: the client sees what a server or a proxy that drops them would do.
 */

import { createProxy, type Proxy } from './proxy.ts'
import { createRandom } from './random.ts'

/** A network between one client and the platform; give it to `platform.client(…, { network })`. */
export interface Network {
  /** Address to give to the client instead of the platform's. */
  readonly url: string
  /** A `WebSocket` whose pushed messages may be lost or swapped. */
  readonly webSocket: typeof WebSocket
  /** What it stands on, for pieces, resets and counts of bytes. */
  readonly proxy: Proxy
  /** Messages lost and swapped so far. */
  readonly counts: Readonly<{ lost: number, reordered: number }>
  /** Everything takes `ms` and up to `jitterMs` more, in each direction. */
  latency(ms: number, jitterMs?: number): void
  /** This share of pushed messages (0 to 1) never arrives. */
  loss(share: number): void
  /** This share of pushed messages arrives after the one that follows it. */
  reorder(share: number): void
  /** Cuts what is open and lets nothing new through. */
  partition(): void
  /** Connections stay and nothing passes: neither side is told. */
  halfOpen(): void
  /** The client reads this many bytes per second of what it is sent; `Infinity` lets it read at once. */
  slowReader(bytesPerSecond: number): void
  /** Everything as it should be. What was lost stays lost. */
  heal(): void
  stop(): Promise<void>
}

interface Faults { loss: number, reorder: number, lost: number, reordered: number, random: () => number }

/** Starts the network of one client on a free port. @param options.seed @default 1 */
export async function createNetwork({ target, seed = 1 }: { target: string, seed?: number }): Promise<Network> {
  const proxy = await createProxy({ target, seed })
  const faults: Faults = { loss: 0, reorder: 0, lost: 0, reordered: 0, random: createRandom(seed + 1) }
  return {
    url: proxy.url, proxy, counts: faults, webSocket: createFaultyWebSocket(faults),
    latency: proxy.delay,
    loss: share => { faults.loss = share },
    reorder: share => { faults.reorder = share },
    partition: () => {
      proxy.refuse(true)
      proxy.cut()
    },
    halfOpen: proxy.stall,
    slowReader: proxy.throttle,
    heal: () => {
      Object.assign(faults, { loss: 0, reorder: 0 })
      proxy.delay(0)
      proxy.throttle(Infinity)
      proxy.refuse(false)
      proxy.resume()
    },
    stop: proxy.stop,
  }
}

/** How long a message that is to come late waits for another one to come before it. */
const LATE_MS = 200

/** Replies are left alone: a lost one is a request that times out, which cutting shows better. */
const isPush = (data: unknown): boolean => typeof data === 'string' && data.startsWith('{"push":') && data.includes('"pub":')

function createFaultyWebSocket(faults: Faults): typeof WebSocket {
  return class extends WebSocket {
    // The official client sets `onmessage`, so that this is the one place that messages pass.
    override set onmessage(handler: ((event: MessageEvent) => void) | null) {
      super.onmessage = handler && createFaultyHandler(faults, handler)
    }

    override get onmessage(): WebSocket['onmessage'] {
      return super.onmessage
    }
  }
}

function createFaultyHandler(faults: Faults, handler: (event: MessageEvent) => void): (event: MessageEvent) => void {
  let held: { event: MessageEvent, timer: NodeJS.Timeout } | undefined
  const release = (): void => {
    if (!held) return
    clearTimeout(held.timer)
    const { event } = held
    held = undefined
    handler(event)
  }
  return event => {
    if (!isPush(event.data)) return void handler(event)
    if (faults.random() < faults.loss) return void faults.lost++
    if (!held && faults.random() < faults.reorder) {
      faults.reordered++
      held = { event, timer: setTimeout(release, LATE_MS) }
      return
    }
    handler(event)
    release()
  }
}
