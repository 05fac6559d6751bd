/** A dialogue is what clients and the application say to a server, in steps; its transcript is everything the server answered. */

import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient, type Client, type Sent, type TransportName } from './clients.ts'

/** Shared secret of both servers. */
export const SECRET = 'a secret for tests only'
export const API_KEY = 'key-for-tests'

/** One thing that is said, and then waited for. `who` is the client's name, `a` unless told otherwise. */
export type Step =
  /** Commands in one frame; with `frames`, one frame each, without waiting between them. */
  | { send: readonly Sent[], who?: string, frames?: true }
  /** A request of the server API. */
  | { api: string, body?: unknown, headers?: Readonly<Record<string, string>>, verb?: string }
  /** The client goes away. */
  | { close: string }
  /** The server is to close the connection. */
  | { ended: string }
  /** This many more messages are to come by themselves. */
  | { more: number, who?: string }

/** A dialogue; `c` is text that no other dialogue uses, for channels and users of its own. */
export interface Dialogue {
  name: string
  transports: readonly (TransportName | 'api')[]
  steps: (c: string) => readonly Step[]
}

/** A token signed by the shared secret. */
export function token(claims: object, { secret = SECRET, header = {} }: { secret?: string, header?: object } = {}): string {
  const text = [{ alg: 'HS256', typ: 'JWT', ...header }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** Ids of the kit's own commands, which show that everything before them was answered. */
const BARRIER = 1_000_000
const LIMIT_MS = 20_000
/** How long nothing must come where nothing is expected to. */
const SILENCE_MS = 1_500

interface Open {
  client: Client
  isConnected: boolean
  isOver: boolean
}

/** Has a dialogue with a server: what each client heard in its order, then the API's answers; between them no order is promised. */
export async function converse(url: string, { steps }: Dialogue, { transport, c }: { transport: TransportName | 'api', c: string }): Promise<string[]> {
  const clients = new Map<string, Open>()
  const heard = new Map<string, string[]>()
  const note = (who: string, line: string): void => { heard.set(who, [...heard.get(who) ?? [], `${who} ${line}`]) }
  let barrier = BARRIER
  const clientOf = (name: string): Open => {
    const known = clients.get(name) ?? { client: openClient(url, transport === 'api' ? 'ws' : transport), isConnected: false, isOver: false }
    clients.set(name, known)
    return known
  }
  const hear = (): void => {
    for (const [name, open] of clients) {
      for (const line of open.client.received.splice(0)) {
        if (line.includes('"connect":{')) open.isConnected = true
        if (!isBarrier(line)) note(name, `< ${line}`)
      }
      if (open.client.end !== undefined && !open.isOver) {
        open.isOver = true
        note(name, `ended ${open.client.end}`)
      }
    }
  }
  const settle = async (): Promise<void> => {
    hear()
    await Promise.all([...clients.values()].filter(open => open.isConnected && !open.isOver).map(async ({ client }) => {
      const id = ++barrier
      await client.send([{ id, rpc: { method: 'barrier', data: {} } }]).catch(() => undefined)
      await waitFor(() => client.end !== undefined || client.received.some(line => line.includes(`"id":${id}`)))
    }))
    hear()
  }

  try {
    for (const step of steps(c)) {
      if ('send' in step) {
        const open = clientOf(step.who ?? 'a')
        for (const frame of step.frames ? step.send.map(one => [one]) : [step.send]) {
          const status = await open.client.send(frame)
          if (status !== undefined) note(step.who ?? 'a', status)
        }
        if (!open.isConnected) await answered(open.client, step.send)
        await settle()
      } else if ('api' in step) {
        note('api', `${step.api} > ${await callApi(url, step)}`)
        await settle()
      } else if ('close' in step) {
        const open = clientOf(step.close)
        open.isOver = true
        open.client.close()
      } else if ('ended' in step) {
        await waitFor(() => clientOf(step.ended).client.end !== undefined)
        hear()
      } else {
        await waitFor(() => clientOf(step.who ?? 'a').client.received.length >= step.more)
        hear()
      }
    }
  } finally {
    for (const { client } of clients.values()) client.close()
  }
  return normalise([...heard].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([, lines]) => lines))
}

/** Before it is connected a client has no barrier: each command's reply, the end, or a while of silence. */
async function answered(client: Client, sent: readonly Sent[]): Promise<void> {
  const ids = sent.flatMap(command => typeof command === 'object' && 'id' in command ? [String(command.id)] : [])
  const isDone = (): boolean => client.end !== undefined || (ids.length > 0 && ids.every(id => client.received.some(line => line.startsWith(`{"id":${id},`))))
  const quiet = sleep(SILENCE_MS).then(() => 'quiet')
  await Promise.race([quiet, waitFor(isDone)])
}

const isBarrier = (line: string): boolean => Number(/^\{"id":(\d+)/.exec(line)?.[1] ?? 0) > BARRIER

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!condition() && performance.now() < deadline) await sleep(3)
}

async function callApi(url: string, { api, body, headers = { 'x-api-key': API_KEY }, verb = 'POST' }: Extract<Step, { api: string }>): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {})
  const answer = await fetch(`${url}/api${api}`, { method: verb, headers, ...verb === 'POST' && { body: text } })
  const answered = (await answer.text()).trim()
  // Sentences for people are each server's own.
  return `${answer.status} ${answered.startsWith('{') ? answered : ''}`
}

/** Names that a server makes up become numbers in the order of their appearance. */
function normalise(lines: readonly string[]): string[] {
  const seen = new Map<string, string>()
  const name = (kind: string, value: string): string => {
    const known = seen.get(value) ?? `<${kind} ${seen.size + 1}>`
    seen.set(value, known)
    return known
  }
  return lines.map(line => line
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, id => name('id', id))
    .replaceAll(/"epoch":"([A-Za-z]{8})"/g, (_all, epoch: string) => `"epoch":"${name('epoch', epoch)}"`)
    .replaceAll(/"ttl":(\d+)/g, (_all, ttl: string) => `"ttl":"about ${Math.round(Number(ttl) / 60)} minutes"`))
}
