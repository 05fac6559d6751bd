/**
 * Client of Centrifugo's server API over HTTP. Connections are kept alive by `fetch`. What may go well the next time (a node that is
 * away, busy or stopping) is tried again, on the next node; what never will is not. All commands may be repeated: publishing carries
 * an idempotency key, the others say what shall be.
 */

import { setTimeout as realSleep } from 'node:timers/promises'
import * as z from 'zod'

/** Why a call failed. `refused` will be refused again, `unauthorized` means another key, `unavailable` that no node answered well. */
export type CentrifugoErrorKind = 'refused' | 'unauthorized' | 'unavailable'

/** A call that failed. */
export class CentrifugoError extends Error {
  override readonly name = 'CentrifugoError'
  readonly kind: CentrifugoErrorKind
  /** Centrifugo's own code, for example 102 for a channel whose namespace is unknown. */
  readonly code: number | undefined

  constructor(kind: CentrifugoErrorKind, message: string, options: { code?: number, cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.code = options.code
  }
}

/** Where the nodes are and how patient to be. */
export interface CentrifugoApiOptions {
  /** Addresses of the nodes' server API, for example `http://127.0.0.1:9000`. */
  nodes: readonly string[]
  key: string
  /** Calls of one command, the first included. @default 5 */
  tries?: number
  /** Milliseconds that one call may take. @default 2_000 */
  timeoutMs?: number
  /** Milliseconds before the second call; it doubles each time, up to a second. @default 50 */
  backoffMs?: number
  fetch?: typeof fetch
  sleep?: (ms: number) => Promise<unknown>
}

/** One command of a batch or its outcome. */
export type BatchItem = Readonly<Record<string, unknown>>

/** See {@link createCentrifugoApi}. Every method rejects with a {@link CentrifugoError}. */
export interface CentrifugoApi {
  /** Carries out one command on any node. @returns its result */
  call: (method: string, params: object) => Promise<Record<string, unknown>>
  /** Carries out commands in their order on one node. @returns what was refused, by position */
  batch: (commands: readonly BatchItem[]) => Promise<CentrifugoError[]>
  /** Publishes one payload on many channels. @returns what was refused */
  broadcast: (channels: readonly string[], publication: object) => Promise<CentrifugoError[]>
}

/** Codes of Centrifugo that another try may mend: internal, and what a node answers while it stops. */
const TEMPORARY: ReadonlySet<number> = new Set([100])

const errorSchema = z.object({ code: z.number(), message: z.string().default('') })
const replySchema = z.object({
  error: errorSchema.optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  replies: z.array(z.looseObject({ error: errorSchema.optional() })).optional(),
})
const responsesSchema = z.array(z.object({ error: errorSchema.optional() })).default([])

type Reply = z.output<typeof replySchema>

/** Creates a client of some nodes; it stays with one as long as that answers. */
export function createCentrifugoApi(options: CentrifugoApiOptions): CentrifugoApi {
  const { nodes, tries = 5, backoffMs = 50, sleep = realSleep } = options
  let current = 0
  const send = async (method: string, params: object, isDone: (reply: Reply) => boolean = () => true): Promise<Reply> => {
    for (let count = 1; ; count++) {
      try {
        const reply = await post(options, nodes[current % nodes.length] ?? '', { method, params })
        if (count >= tries || isDone(reply)) return reply
      } catch (error) {
        if (count >= tries || !(error instanceof CentrifugoError) || error.kind !== 'unavailable') throw error
        current++
      }
      await sleep(Math.min(1000, backoffMs * 2 ** (count - 1)))
    }
  }
  return {
    call: async (method, params) => (await send(method, params)).result ?? {},
    batch: async commands => {
      if (commands.length === 0) return []
      const isDone = ({ replies = [] }: Reply): boolean => !replies.some(isTemporary)
      return refusals((await send('batch', { commands }, isDone)).replies ?? [])
    },
    broadcast: async (channels, publication) => {
      const isDone = (reply: Reply): boolean => !responsesOf(reply).some(isTemporary)
      return refusals(responsesOf(await send('broadcast', { ...publication, channels }, isDone)))
    },
  }
}

const responsesOf = ({ result }: Reply): z.output<typeof responsesSchema> => responsesSchema.parse(result?.['responses'])

const isTemporary = ({ error }: { error?: z.output<typeof errorSchema> | undefined }): boolean => error !== undefined && TEMPORARY.has(error.code)

function refusals(items: readonly { error?: z.output<typeof errorSchema> | undefined }[]): CentrifugoError[] {
  return items.flatMap(({ error }, index) => error ? [toError(error, `item ${index}`)] : [])
}

function toError({ code, message }: z.output<typeof errorSchema>, what: string): CentrifugoError {
  return new CentrifugoError(TEMPORARY.has(code) ? 'unavailable' : 'refused', `Centrifugo refused ${what}: ${code} ${message}`, { code })
}

async function post(options: CentrifugoApiOptions, node: string, { method, params }: { method: string, params: object }): Promise<Reply> {
  const { key, timeoutMs = 2000, fetch: fetchNode = fetch } = options
  let response: Response
  let text: string
  try {
    response = await fetchNode(new URL(`/api/${method}`, node), {
      method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify(params), signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch (cause) {
    throw new CentrifugoError('unavailable', `Centrifugo at ${node} does not answer`, { cause })
  }
  if (!response.ok) throw toStatusError(response.status, method)
  const { error, ...reply } = parseReply(text)
  if (error) throw toError(error, method)
  return reply
}

function toStatusError(status: number, method: string): CentrifugoError {
  if (status === 401 || status === 403) return new CentrifugoError('unauthorized', 'Centrifugo does not know this key: CENTRIFUGO_API_KEY is not the nodes\' http_api.key')
  return new CentrifugoError(status >= 500 || status === 429 ? 'unavailable' : 'refused', `Centrifugo answered ${method} with HTTP ${status}`)
}

function parseReply(text: string): Reply {
  try {
    return replySchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new CentrifugoError('unavailable', 'what answers is not Centrifugo', { cause })
  }
}
