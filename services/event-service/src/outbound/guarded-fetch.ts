/**
 * Asks a URL that a tenant gave. The host is looked up once, every address must be public, and the connection goes to the address that
 * was looked at: a name that answers otherwise a moment later leads nowhere else. Redirects are not followed, answers are cut at a size.
 */

import { lookup as systemLookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isPublicAddress, judgeUrl, type UrlRules } from './address.ts'

/** Why nothing was asked, or no answer came. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: 'refused' | 'unresolved' | 'failed' | 'redirected' | 'too large' | 'timeout'

  constructor(reason: OutboundError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** What to send. */
export interface OutboundRequest {
  url: string
  method?: 'GET' | 'POST' | 'PUT'
  headers?: Readonly<Record<string, string>>
  body?: string
  signal?: AbortSignal
}

/** What came back; a redirect is an {@link OutboundError}. */
export interface OutboundAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

/** How the guard is set up. */
export interface GuardOptions extends UrlRules {
  /** All addresses of a name. @default the system's resolver */
  lookup?: (host: string) => Promise<readonly string[]>
  /** @default 5000 */
  withinMs?: number
  /** @default 65536 */
  maxBytes?: number
}

/** Asks one URL. @throws {OutboundError} */
export type GuardedFetch = (request: OutboundRequest) => Promise<OutboundAnswer>

/** Creates the guarded fetch. */
export function createGuardedFetch(options: GuardOptions = {}): GuardedFetch {
  const { withinMs = 5000, maxBytes = 65_536 } = options
  return async request => {
    const limit = AbortSignal.timeout(withinMs)
    const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit
    const { url, address } = await pin(request.url, options, signal)
    try {
      return await send(url, { request, address, signal, maxBytes })
    } catch (error) {
      if (error instanceof OutboundError) throw error
      throw new OutboundError(signal.aborted ? 'timeout' : 'failed', signal.aborted ? 'the host took too long' : 'the host could not be asked', { cause: error })
    }
  }
}

/** The one address that will be connected to. */
async function pin(text: string, options: GuardOptions, signal: AbortSignal): Promise<{ url: URL, address: string }> {
  const { lookup = resolveAll, isAllowed = isPublicAddress } = options
  const judged = judgeUrl(text, options)
  if ('fault' in judged) throw new OutboundError('refused', `this address may not be asked: ${judged.fault}`)
  if (judged.address !== undefined) return { url: judged.url, address: judged.address }
  const addresses = await beforeEnd(lookup(judged.url.hostname), signal).catch((cause: unknown) => {
    throw new OutboundError(signal.aborted ? 'timeout' : 'unresolved', 'the host has no address', { cause })
  })
  const [first] = addresses
  if (first === undefined) throw new OutboundError('unresolved', 'the host has no address')
  // One closed address among open ones is a name that points inside now and then.
  if (!addresses.every(address => isAllowed(address))) throw new OutboundError('refused', 'this address may not be asked: address')
  return { url: judged.url, address: first }
}

async function resolveAll(host: string): Promise<string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address)
}

function beforeEnd<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([work, new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(new Error('ended'))
    signal.addEventListener('abort', () => { reject(new Error('ended')) }, { once: true })
  })])
}

interface Sending {
  request: OutboundRequest
  address: string
  signal: AbortSignal
  maxBytes: number
}

function send(url: URL, { request, address, signal, maxBytes }: Sending): Promise<OutboundAnswer> {
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  const family = address.includes(':') ? 6 : 4
  const options: RequestOptions = {
    method: request.method ?? 'GET', headers: { ...request.headers }, signal, agent: false,
    // Asked for the name, says the address that was looked at: certificate and Host stay the name's.
    lookup: (_host, { all }, done) => { if (all) done(null, [{ address, family }]); else done(null, address, family) },
  }
  return new Promise((resolve, reject) => {
    const outgoing = open(url, options, answer => { read(answer, maxBytes).then(resolve, reject) })
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<OutboundAnswer> {
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400) {
    answer.destroy()
    throw new OutboundError('redirected', 'the host leads elsewhere')
  }
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length
    // Leaving the loop ends the connection.
    if (bytes > maxBytes) throw new OutboundError('too large', 'the answer is too large')
    parts.push(part)
  }
  return { status, headers: answer.headers, body: Buffer.concat(parts).toString() }
}
